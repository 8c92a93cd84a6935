;; Imports what no host of this kind gives, beside something that it does.
(component
  (import "wasi:http/incoming-handler@0.2.0" (instance))
  (import "wasi:clocks/wall-clock@0.3.0" (instance))
  (import "run" (func))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance
    (export "now" (func (result u64))))))
