;; Returns more than anybody wants: as its answer, and as its error.
;; call: answer {"bytes": 2000000}
;; expect: output output_bytes
;; call: answer {"bytes": 60000000}
;; limits: fuel=1000000000
;; expect: output hostcall_bytes
;; call: answer {"bytes": 1000}
;; limits: output_bytes=0
;; expect: output output_bytes
;; call: fail {"bytes": 2000000}
;; expect: output output_bytes
;; call: fail {"bytes": 60000000}
;; limits: fuel=1000000000
;; expect: output hostcall_bytes
(component
  (core module $m
    (memory (export "memory") 1)
    (func $room (param $bytes i32)
      (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $bytes) (i32.const 16))))))
    (func (export "answer") (param $bytes i32) (result i32)
      (call $room (local.get $bytes))
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (local.get $bytes))
      (i32.const 0))
    (func (export "fail") (param $bytes i32) (result i32)
      (call $room (local.get $bytes))
      (i32.store (i32.const 0) (i32.const 1))
      (i32.store (i32.const 4) (i32.const 16))
      (i32.store (i32.const 8) (local.get $bytes))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "answer") (param "bytes" u32) (result string)
    (canon lift (core func $i "answer") (memory (core memory $i "memory"))))
  (func (export "fail") (param "bytes" u32) (result (result (error string)))
    (canon lift (core func $i "fail") (memory (core memory $i "memory")))))
