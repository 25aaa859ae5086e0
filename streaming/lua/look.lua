-- Answers {epoch, last id, where a page drawn now begins, '1' if the topic is finished}.
live()
return {epoch, last, resume(), tostring(redis.call('HEXISTS', meta, 'end'))}
