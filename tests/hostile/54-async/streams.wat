;; Makes streams and futures.
;; load: invalid component
(component
  (type $bytes (stream u8))
  (type $later (future u8))
  (core func $stream (canon stream.new $bytes))
  (core func $future (canon future.new $later)))
