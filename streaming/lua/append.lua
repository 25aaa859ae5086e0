-- Numbers, keeps and publishes entries, all or nothing.
-- ARGV: 3 greatest length, 4 greatest length of a topic of nothing but whole pictures, 5 how many that went are
-- remembered, 6 channel, 7 the epoch the writer expects or '', 8 the writer's name or '', 9 the number of its
-- batch, 10 '1' to begin a new epoch, then for each entry: part, group, marks.
-- Marks: p plain, w whole picture, g gone (a last picture), e the end of the topic.
-- Answers {epoch, last id, 'new' | 'known' | 'stale'}.
local expected, writer, batch, fresh = ARGV[7], ARGV[8], tonumber(ARGV[9]), ARGV[10] == '1'
-- Once, if the same request comes again: who was told of it stands in this epoch already.
if fresh and epoch ~= ARGV[1] then renew() end
if writer ~= '' then
  -- The answer to a batch may be lost on the way, and the batch comes again.
  local done = redis.call('HGET', meta, 'writer:' .. writer)
  if done and tonumber(done) >= batch then return {epoch, last, 'known'} end
end
if expected ~= '' and expected ~= epoch and not fresh then return {epoch, last, 'stale'} end

-- So many that went, and from which id on we know of all of them.
local function bury()
  local spare = redis.call('XLEN', gone) - tonumber(ARGV[5])
  if spare <= 0 then return end
  local oldest = redis.call('XRANGE', gone, '-', '+', 'COUNT', spare)
  forgotten = oldest[spare][1]
  redis.call('XTRIM', gone, 'MAXLEN', ARGV[5])
  redis.call('HSET', meta, 'forgotten', forgotten)
end

local news = {epoch .. ' ' .. last}
local function keep(part, group, marks)
  -- What trails behind the whole picture of its group was superseded by it: nobody is told.
  if marks == 'p' and group ~= '' and redis.call('HEXISTS', latest, group) == 1 then return end
  local previous = last
  last = redis.call('XADD', entries, '*', 'p', part, 'g', group, 'm', marks)
  news[#news + 1] = last .. ' ' .. marks .. ' ' .. group
  news[#news + 1] = part
  if marks == 'w' then
    redis.call('HSET', latest, group, last .. ' ' .. part)
    redis.call('HDEL', open, group)
  elseif marks == 'g' then
    redis.call('HDEL', latest, group)
    redis.call('HDEL', open, group)
    redis.call('XADD', gone, last, 'p', part, 'g', group, 'm', marks)
    bury()
  elseif marks == 'e' then
    redis.call('HSET', meta, 'end', last .. ' ' .. part)
  else
    words = last
    if group ~= '' then redis.call('HSETNX', open, group, previous) end
  end
end
for i = 11, #ARGV, 3 do keep(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end

local most = words == '0-0' and ARGV[4] or ARGV[3]
if redis.call('XTRIM', entries, 'MAXLEN', '~', most) > 0 then redis.call('HSET', meta, 'trimmed', '1') end
redis.call('HSET', meta, 'last', last, 'words', words)
if writer ~= '' then redis.call('HSET', meta, 'writer:' .. writer, batch) end
live()
if #news > 1 then redis.call('PUBLISH', ARGV[6], table.concat(news, '\n')) end
return {epoch, last, 'new'}
