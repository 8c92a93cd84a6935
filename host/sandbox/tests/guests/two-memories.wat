;; Splits what it wants over two memories, each of which alone is within the cap.
(component
  (core module $m
    (memory 1)
    (func (export "grow") (param $pages i32) (result i32) (memory.grow (local.get $pages))))
  (core instance $one (instantiate $m))
  (core instance $two (instantiate $m))
  (func (export "grow-one") (param "pages" u32) (result s32) (canon lift (core func $one "grow")))

  (core module $both
    (import "one" "grow" (func $one (param i32) (result i32)))
    (import "two" "grow" (func $two (param i32) (result i32)))
    (func (export "grow") (param $pages i32)
      (drop (call $one (local.get $pages)))
      (drop (call $two (local.get $pages)))))
  (core instance $i (instantiate $both (with "one" (instance $one)) (with "two" (instance $two))))
  (func (export "grow-both") (param "pages" u32) (canon lift (core func $i "grow"))))
