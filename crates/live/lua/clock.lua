-- To be put before a script that acts by its caller's clock.
--
-- By how many microseconds a caller's clock is off that of Redis; nil where that is no more than allowed, or is not to be
-- looked at.
local function off(now, most)
  if not most then return nil end
  local time = redis.call('TIME')
  local skew = now - (time[1] * 1000000 + time[2])
  if math.abs(skew) > most then return skew end
  return nil
end
-- What a caller is told whose clock is off.
local function refusal(skew)
  return redis.error_reply(string.format("CLOCK this replica's clock is %d microseconds off that of Redis", skew))
end
