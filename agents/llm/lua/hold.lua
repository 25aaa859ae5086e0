-- Hold an amount on every counter, unless one of them has reached its limit.
-- KEYS: counters. ARGV: name of the hold, amount, seconds it is held, seconds a counter is kept, seconds between
-- counts, then for each counter its limit (-1: none) and what the asker holds that we know nothing of.
-- Answers {0 or the number of the counter in the way, spent, held, due, spent, held, due, …}: due is 1 if the asker,
-- and nobody else, is to count it anew. Counters that are not known: {-1, number, number, …}, and nothing is held.
local time = redis.call('time')
local now = time[1] + time[2] / 1000000

local unknown = {-1}
for n, key in ipairs(KEYS) do
  if redis.call('hexists', key, 'spent') == 0 then unknown[#unknown + 1] = n end
end
if #unknown > 1 then return unknown end

local told = {0}
for n, key in ipairs(KEYS) do
  -- Of processes that died.
  for _, late in ipairs(redis.call('zrangebyscore', key .. ':held', '-inf', now)) do
    redis.call('zrem', key .. ':held', late)
    redis.call('hincrby', key, 'held', '-' .. (string.match(late, ':(%d+)$') or 0))
  end
  local known = redis.call('hmget', key, 'spent', 'held', 'due')
  local spent, held = tonumber(known[1]), tonumber(known[2])
  local limit = tonumber(ARGV[4 + 2 * n])
  if told[1] == 0 and limit >= 0 and spent + held + tonumber(ARGV[5 + 2 * n]) >= limit then told[1] = n end
  local due = tonumber(known[3] or 0) <= now
  if due then redis.call('hset', key, 'due', now + ARGV[5]) end
  told[3 * n - 1], told[3 * n], told[3 * n + 1] = spent, held, due and 1 or 0
end
if told[1] > 0 then return told end

for n, key in ipairs(KEYS) do
  if redis.call('zadd', key .. ':held', 'NX', now + ARGV[3], ARGV[1] .. ':' .. ARGV[2]) == 1 then
    told[3 * n] = redis.call('hincrby', key, 'held', ARGV[2])
  end
  redis.call('expire', key, ARGV[4])
  redis.call('expire', key .. ':held', ARGV[4])
end
return told
