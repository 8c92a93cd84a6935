;; Takes memory page by page, and writes on each. The numbers are in the Rust file.
(component
  (core module $m
    (memory 1)
    (func (export "grow")
      (local $page i32)
      (loop $again
        (local.set $page (memory.grow (i32.const 1)))
        (i32.store (i32.shl (local.get $page) (i32.const 16)) (i32.const -1))
        (br $again))))
  (core instance $i (instantiate $m))
  (func (export "grow") (canon lift (core func $i "grow"))))
