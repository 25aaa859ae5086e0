-- Every script begins with this. KEYS: entries, meta, latest, open, gone. ARGV: a fresh epoch, seconds to live.
-- A topic has an epoch from the first touch on. It loses it, and all it holds, when Redis may have forgotten a
-- second that readers have seen: after a crash, and when a replica was promoted, even if this one is back since.
-- All of these begin another history, as replication names it.
local entries, meta, latest, open, gone = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
local epoch, last, words, forgotten

local function live()
  for i = 1, 5 do redis.call('EXPIRE', KEYS[i], ARGV[2]) end
end

local function renew()
  redis.call('DEL', entries, meta, latest, open, gone)
  redis.call('HSET', meta, 'epoch', ARGV[1], 'history', history, 'last', '0-0', 'words', '0-0')
  epoch, last, words, forgotten = ARGV[1], '0-0', '0-0', '0-0'
  live()
end

-- words: the id of the last entry that was no whole picture; forgotten: of the last `gone` we know no more of.
local known = redis.call('HMGET', meta, 'epoch', 'history', 'last', 'words', 'forgotten')
if known[1] and known[2] == history then
  epoch, last, words, forgotten = known[1], known[3], known[4] or known[3], known[5] or '0-0'
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
    -- One whose beginning is gone: only its picture can bring it back.
    local lost = bottom and before(groups[i + 1], bottom)
    if not lost and before(groups[i + 1], from) then from = groups[i + 1] end
  end
  return from
end

-- After this id there is nothing but whole pictures, and none that went is forgotten: the newest tell all.
local function pictured()
  return before(words, forgotten) and forgotten or words
end

-- The newest pictures of those after an id, in no order, and what went since.
local function pictures(after)
  local found = redis.call('XRANGE', gone, '(' .. after, '+')
  local kept = redis.call('HGETALL', latest)
  for i = 1, #kept, 2 do
    local id, part = string.match(kept[i + 1], '^(%S+) (.*)$')
    if before(after, id) then found[#found + 1] = {id, {'p', part, 'g', kept[i], 'm', 'w'}} end
  end
  local id, part = string.match(redis.call('HGET', meta, 'end') or '', '^(%S+) (.*)$')
  if id and before(after, id) then found[#found + 1] = {id, {'p', part, 'g', '', 'm', 'e'}} end
  return found
end
