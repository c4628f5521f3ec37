-- Takes shops of a shard that are due, for a while: whoever takes one does its work, or somebody else does it later.
--
-- KEYS  due
-- ARGV  now, until when they are taken, how many at most
-- Gives shops and since when they were due, in turn.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
for at = 1, #due, 2 do redis.call('ZADD', KEYS[1], ARGV[2], due[at]) end
return due
