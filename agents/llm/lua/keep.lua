-- Keep a value, and no more than so many in one index; those that would go first anyway make room.
-- KEYS: the value's, the index'. ARGV: the value, seconds to live, how many at most.
local now = tonumber(redis.call('time')[1])
redis.call('set', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('zremrangebyscore', KEYS[2], '-inf', now)
redis.call('zadd', KEYS[2], now + ARGV[2], KEYS[1])
local over = redis.call('zcard', KEYS[2]) - ARGV[3]
if over > 0 then
  for n, member in ipairs(redis.call('zpopmin', KEYS[2], over)) do
    if n % 2 == 1 then redis.call('del', member) end
  end
end
redis.call('expire', KEYS[2], redis.call('zrange', KEYS[2], -1, -1, 'WITHSCORES')[2] - now + 1)
