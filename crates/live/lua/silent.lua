-- Tells of a shard's agents whose heartbeats stopped.
--
-- KEYS  beats
-- ARGV  now, how many at most
-- Gives how many beats are waited for, how many of them have lapsed, and the first of those.
return {
  redis.call('ZCARD', KEYS[1]),
  redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1]),
  redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2]),
}
