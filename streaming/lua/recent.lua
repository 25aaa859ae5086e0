-- The last entries, newest first. ARGV: 3 at most so many. Answers {epoch, last id, entries}.
live()
return {epoch, last, redis.call('XREVRANGE', entries, '+', '-', 'COUNT', ARGV[3])}
