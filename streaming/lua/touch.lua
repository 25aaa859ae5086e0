-- Every script begins with this. KEYS: entries, meta, latest, open. ARGV: a fresh epoch, seconds to live.
-- A topic has an epoch from the first touch on. It loses it, and all it holds, when Redis is another process
-- than the one that wrote it: after a crash the log may have forgotten a second that readers have seen.
local entries, meta, latest, open = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local epoch, last

local function live()
  for i = 1, 4 do redis.call('EXPIRE', KEYS[i], ARGV[2]) end
end

local function renew()
  redis.call('DEL', entries, meta, latest, open)
  redis.call('HSET', meta, 'epoch', ARGV[1], 'run', run, 'last', '0-0')
  epoch, last = ARGV[1], '0-0'
  live()
end

local known = redis.call('HMGET', meta, 'epoch', 'run', 'last')
if known[1] and known[2] == run then
  epoch, last = known[1], known[3]
else
  renew()
end

local function before(a, b)
  local ams, aseq = string.match(a, '(%d+)-(%d+)')
  local bms, bseq = string.match(b, '(%d+)-(%d+)')
  ams, bms = tonumber(ams), tonumber(bms)
  if ams ~= bms then return ams < bms end
  return tonumber(aseq) < tonumber(bseq)
end

-- The id before the oldest entry that could still be read; nil while nothing was ever trimmed.
local function floor()
  if redis.call('HEXISTS', meta, 'trimmed') == 0 then return nil end
  local first = redis.call('XRANGE', entries, '-', '+', 'COUNT', 1)
  return first[1] and first[1][1] or last
end

-- Just before the first entry of the oldest open group, else the top: where a page drawn now begins.
local function resume()
  local from, bottom = last, floor()
  local groups = redis.call('HGETALL', open)
  for i = 1, #groups, 2 do
    if bottom and before(groups[i + 1], bottom) then
      redis.call('HDEL', open, groups[i]) -- its beginning is gone: only its picture can bring it back
    elseif before(groups[i + 1], from) then
      from = groups[i + 1]
    end
  end
  return from
end
