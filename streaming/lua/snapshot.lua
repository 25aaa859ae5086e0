-- The newest whole pictures, and all there is since the oldest open group began.
-- Answers {epoch, last id, the end or '', latest, open groups, entries}.
local from = resume()
local groups, told = redis.call('HGETALL', open), {}
for i = 1, #groups, 2 do
  if not before(groups[i + 1], from) then told[#told + 1] = groups[i] end
end
return {
  epoch, last, redis.call('HGET', meta, 'end') or '',
  redis.call('HGETALL', latest), told,
  redis.call('XRANGE', entries, '(' .. from, '+'),
}
