;; The bits of a quotient: of 0 by 0, those of the NaN that this machine makes.
(component
  (core module $m
    (func (export "f64") (param f64 f64) (result i64)
      (i64.reinterpret_f64 (f64.div (local.get 0) (local.get 1))))
    (func (export "f32") (param f32 f32) (result i32)
      (i32.reinterpret_f32 (f32.div (local.get 0) (local.get 1)))))
  (core instance $i (instantiate $m))
  (func (export "f64-bits") (param "x" f64) (param "y" f64) (result u64) (canon lift (core func $i "f64")))
  (func (export "f32-bits") (param "x" f32) (param "y" f32) (result u32) (canon lift (core func $i "f32"))))
