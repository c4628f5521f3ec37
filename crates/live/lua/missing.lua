-- Tells which shops have no life of a desk.
--
-- KEYS  the orders of shops of one or several shards
-- Gives the numbers of those among the keys, from 1.
local missing = {}
for at = 1, #KEYS do
  if not redis.call('HGET', KEYS[at], 'epoch') then missing[#missing + 1] = at end
end
return missing
