-- The last entries, in no order. ARGV: 3 at most so many, unless all there is are pictures: then the newest of each.
-- Answers {epoch, last id, the id from which on these are complete, entries}.
live()
local most = tonumber(ARGV[3])
local from = floor()
local found = redis.call('XREVRANGE', entries, '+', '-', 'COUNT', most)
if #found == most then from = found[most][1] end
if from and before(pictured(), from) then
  from = pictured()
  found = pictures(from)
end
return {epoch, last, from or '0-0', found}
