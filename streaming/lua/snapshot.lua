-- The newest whole pictures, and all there is since the oldest open group began.
-- Answers {epoch, last id, the end or '', latest, open, entries}.
local from = resume()
return {
  epoch, last, redis.call('HGET', meta, 'end') or '',
  redis.call('HGETALL', latest), redis.call('HGETALL', open),
  redis.call('XRANGE', entries, '(' .. from, '+'),
}
