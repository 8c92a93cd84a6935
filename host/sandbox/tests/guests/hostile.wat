;; Does what a hostile or broken tool does, one function each.
(component
  (core module $m
    (memory (export "memory") 1)
    (table $table 1 funcref)

    (func (export "fine") (result i32) (i32.const 42))

    (func (export "spin") (loop $again (br $again)))

    ;; Takes a megabyte at a time, whether it gets it or not.
    (func (export "grow")
      (loop $again
        (drop (memory.grow (i32.const 16)))
        (br $again)))

    (func $recurse (export "recurse") (param i32) (result i32)
      (i32.add (i32.const 1) (call $recurse (local.get 0))))

    (func (export "grow-table")
      (loop $again
        (drop (table.grow $table (ref.null func) (i32.const 1000)))
        (br $again)))

    (func (export "unreachable") (unreachable))

    (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))

    ;; Returns a text of so many bytes, all of them zero, in a memory that is made to hold them.
    (func (export "flood") (param $bytes i32) (result i32)
      (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $bytes) (i32.const 16)))))
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (local.get $bytes))
      (i32.const 0))

    ;; Returns a text that lies outside of its memory.
    (func (export "lie") (result i32)
      (i32.store (i32.const 0) (i32.const 0x7fff0000))
      (i32.store (i32.const 4) (i32.const 100))
      (i32.const 0))

    ;; Returns a text that is not UTF-8.
    (func (export "garbage") (result i32)
      (i32.store (i32.const 16) (i32.const -1))
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 4))
      (i32.const 0))

    ;; Returns what is left in its memory by whoever had it before.
    (func (export "residue") (result i32)
      (local $at i32) (local $sum i32)
      (drop (memory.grow (i32.const 64)))
      (loop $again
        (local.set $sum (i32.or (local.get $sum) (i32.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $again (i32.lt_u (local.get $at) (i32.const 0x400000))))
      (local.get $sum))

    ;; Leaves something for whoever has it next.
    (func (export "soil")
      (drop (memory.grow (i32.const 64)))
      (memory.fill (i32.const 0) (i32.const 0xaa) (i32.const 0x400000))))

  (core instance $i (instantiate $m))
  (func (export "fine") (result u32) (canon lift (core func $i "fine")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "grow") (canon lift (core func $i "grow")))
  (func (export "recurse") (param "n" u32) (result u32) (canon lift (core func $i "recurse")))
  (func (export "grow-table") (canon lift (core func $i "grow-table")))
  (func (export "unreachable") (canon lift (core func $i "unreachable")))
  (func (export "divide") (param "by" u32) (result u32) (canon lift (core func $i "divide")))
  (func (export "flood") (param "bytes" u32) (result string) (canon lift (core func $i "flood") (memory (core memory $i "memory"))))
  (func (export "lie") (result string) (canon lift (core func $i "lie") (memory (core memory $i "memory"))))
  (func (export "garbage") (result string) (canon lift (core func $i "garbage") (memory (core memory $i "memory"))))
  (func (export "residue") (result u32) (canon lift (core func $i "residue")))
  (func (export "soil") (canon lift (core func $i "soil"))))
