-- Let go of a hold, and add what it really cost.
-- KEYS: counters. ARGV: name of the hold, amount, cost, seconds a cost is remembered by name, seconds a counter is
-- kept. Answers {spent, held, spent, held, …}, -1 for spent of a counter that is not known.
local time = redis.call('time')
local now = time[1] + time[2] / 1000000

local told = {}
for n, key in ipairs(KEYS) do
  local known = redis.call('hexists', key, 'spent') == 1
  if redis.call('zrem', key .. ':held', ARGV[1] .. ':' .. ARGV[2]) == 1 and known then
    redis.call('hincrby', key, 'held', '-' .. ARGV[2])
  end
  if ARGV[3] ~= '0' then
    -- By name, so that whoever counts the records knows whether this one is among them.
    local costs = key .. ':costs'
    redis.call('zremrangebyscore', costs, '-inf', now - ARGV[4])
    local fresh = redis.call('zadd', costs, 'NX', now, ARGV[1] .. ':' .. ARGV[3]) == 1
    if fresh and known then redis.call('hincrby', key, 'spent', ARGV[3]) end
    redis.call('expire', costs, ARGV[4])
  end
  for _, part in ipairs({'', ':held'}) do redis.call('expire', key .. part, ARGV[5]) end
  local figures = redis.call('hmget', key, 'spent', 'held')
  told[2 * n - 1], told[2 * n] = tonumber(figures[1]) or -1, tonumber(figures[2]) or 0
end
return told
