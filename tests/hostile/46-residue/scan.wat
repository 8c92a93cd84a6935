;; Counts what is in its memory, table and global that it did not put there.
(component
  (core module $m
    (memory 1)
    (table $table 100 funcref)
    (global $global (mut i64) (i64.const 0))
    (func (export "scan") (result i32)
      (local $at i32) (local $found i32)
      (drop (memory.grow (i32.const 63)))
      (loop $again
        (local.set $found (i32.add (local.get $found) (i64.ne (i64.load (local.get $at)) (i64.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $again (i32.lt_u (local.get $at) (i32.const 0x400000))))
      (local.set $at (i32.const 0))
      (loop $again
        (local.set $found (i32.add (local.get $found)
          (i32.eqz (ref.is_null (table.get $table (local.get $at))))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $at) (i32.const 100))))
      (i32.add (local.get $found) (i64.ne (global.get $global) (i64.const 0)))))
  (core instance $i (instantiate $m))
  (func (export "scan") (result u32) (canon lift (core func $i "scan"))))
