-- Begin a counter anew from the records: their sum, and the costs settled lately that are not in them yet.
-- KEYS: the counter. ARGV: the sum, seconds a counter is kept, seconds till it is counted again, then the names of
-- recent records in the sum.
-- Answers {spent, held}. The same from records read a little earlier or later, so any order of askers will do.
local time = redis.call('time')
local now = time[1] + time[2] / 1000000
local key = KEYS[1]

local recorded = {}
for n = 4, #ARGV do recorded[ARGV[n]] = true end
local spent = tonumber(ARGV[1])
for _, entry in ipairs(redis.call('zrange', key .. ':costs', 0, -1)) do
  local name, cost = string.match(entry, '^(.*):(%d+)$')
  if name and not recorded[name] then spent = spent + cost end
end
redis.call('zremrangebyscore', key .. ':held', '-inf', now)
local held = 0
for _, entry in ipairs(redis.call('zrange', key .. ':held', 0, -1)) do
  held = held + (string.match(entry, ':(%d+)$') or 0)
end
redis.call('hset', key, 'spent', string.format('%.0f', spent), 'held', string.format('%.0f', held), 'due', now + ARGV[3])
redis.call('expire', key, ARGV[2])
return {spent, held}
