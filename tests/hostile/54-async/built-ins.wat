;; Uses the built-ins for tasks and waiting.
;; load: invalid component
(component
  (core func $yield (canon thread.yield))
  (core func $set (canon waitable-set.new))
  (core func $backpressure (canon backpressure.inc)))
