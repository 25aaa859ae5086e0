-- What follows an id. ARGV: 3 epoch, 4 id, 5 at most so many entries, unless all there is are pictures.
-- Answers {epoch, last id, '1' if it cannot be complete, '1' if the topic is finished, entries}.
local after, most = ARGV[4], tonumber(ARGV[5])
local bottom = floor()
local ended = tostring(redis.call('HEXISTS', meta, 'end'))
if ARGV[3] ~= epoch or before(last, after) then return {epoch, last, '1', ended, {}} end

local trimmed = bottom and before(after, bottom)
if before(after, pictured()) then
  if trimmed then return {epoch, last, '1', ended, {}} end
  return {epoch, last, '0', ended, redis.call('XRANGE', entries, '(' .. after, '+', 'COUNT', most)}
end
-- Of pictures the newest are enough: of all that is left when the rest is trimmed, or of too many.
most = math.min(most, redis.call('HLEN', latest) + 1)
local since = not trimmed and redis.call('XRANGE', entries, '(' .. after, '+', 'COUNT', most)
if trimmed or #since == most then since = pictures(after) end
return {epoch, last, '0', ended, since}
