-- Numbers, keeps and publishes entries, all or nothing.
-- ARGV: 3 greatest length, 4 channel, 5 the epoch the writer expects or '', 6 the writer's name or '',
-- 7 the number of its batch, 8 '1' to begin a new epoch, then for each entry: part, group, marks.
-- Marks: p plain, w whole picture, g gone (a last picture), e the end of the topic.
-- Answers {epoch, last id, 'new' | 'known' | 'stale'}.
local writer, batch = ARGV[6], tonumber(ARGV[7])
if ARGV[8] == '1' then renew() end
if writer ~= '' then
  -- The answer to a batch may be lost on the way, and the batch comes again.
  local done = redis.call('HGET', meta, 'writer:' .. writer)
  if done and tonumber(done) >= batch then return {epoch, last, 'known'} end
end
if ARGV[5] ~= '' and ARGV[5] ~= epoch and ARGV[8] ~= '1' then return {epoch, last, 'stale'} end

local news = {epoch .. ' ' .. last}
for i = 9, #ARGV, 3 do
  local part, group, marks = ARGV[i], ARGV[i + 1], ARGV[i + 2]
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
  elseif marks == 'e' then
    redis.call('HSET', meta, 'end', last .. ' ' .. part)
  elseif group ~= '' and redis.call('HEXISTS', latest, group) == 0 then
    -- A group that has been pictured whole is not opened again by what trails behind.
    redis.call('HSETNX', open, group, previous)
  end
end
if redis.call('XTRIM', entries, 'MAXLEN', '~', ARGV[3]) > 0 then redis.call('HSET', meta, 'trimmed', '1') end
redis.call('HSET', meta, 'last', last)
if writer ~= '' then redis.call('HSET', meta, 'writer:' .. writer, batch) end
live()
redis.call('PUBLISH', ARGV[4], table.concat(news, '\n'))
return {epoch, last, 'new'}
