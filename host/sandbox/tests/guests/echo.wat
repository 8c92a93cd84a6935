;; Returns lists unchanged. A list is an address and a length, so one core function serves a list of anything.
(component
  (core module $m
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 64))

    (func (export "realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (loop $again
        (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
          (then
            (drop (memory.grow (i32.const 1)))
            (br $again))))
      (local.get $at))

    (func (export "echo") (param $at i32) (param $length i32) (result i32)
      (i32.store (i32.const 0) (local.get $at))
      (i32.store (i32.const 4) (local.get $length))
      (i32.const 0)))
  (core instance $i (instantiate $m))

  (type $color' (enum "dark-red" "blue"))
  (export $color "color" (type $color'))
  (type $rights' (flags "may-read" "may-write" "may-run"))
  (export $rights "rights" (type $rights'))
  (type $shape' (variant (case "no-shape") (case "a-circle" f64) (case "a-label" string)))
  (export $shape "shape" (type $shape'))
  (type $thing' (record
    (field "big-number" u64) (field "small-number" s64) (field "letter" char) (field "bytes" (list u8))
    (field "color" $color) (field "rights" $rights) (field "shape" $shape) (field "pair" (tuple u8 bool))
    (field "note" (option string)) (field "nested" (option (option u8))) (field "outcome" (result u8 (error string)))
    (field "ratio" f32)))
  (export $thing "thing" (type $thing'))

  (func (export "bytes") (param "value" (list u8)) (result (list u8))
    (canon lift (core func $i "echo") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "text") (param "value" string) (result string)
    (canon lift (core func $i "echo") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "things") (param "value" (list $thing)) (result (list $thing))
    (canon lift (core func $i "echo") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
