-- What follows an id. ARGV: 3 epoch, 4 id, 5 at most so many.
-- Answers {epoch, last id, '1' if it cannot be complete, '1' if the topic is finished, entries}.
local bottom = floor()
local ended = tostring(redis.call('HEXISTS', meta, 'end'))
if ARGV[3] ~= epoch or before(last, ARGV[4]) or (bottom and before(ARGV[4], bottom)) then
  return {epoch, last, '1', ended, {}}
end
return {epoch, last, '0', ended, redis.call('XRANGE', entries, '(' .. ARGV[4], '+', 'COUNT', ARGV[5])}
