-- Tells which shops have no life of a desk.
--
-- KEYS  the orders of shops of one or several shards
-- Gives the numbers of those among the keys, from 1.
local missing = {}
for at = 1, #KEYS do
  -- What is no order has no life either, and hides no other shop.
  if type(redis.pcall('HGET', KEYS[at], 'epoch')) ~= 'string' then missing[#missing + 1] = at end
end
return missing
