;; Bulk operators and growth: in loops, in more than one chunk, and where they do not fit.
;; call: fill 0 | fill 1 | fill 262144 | fill 262145 | fill 600000 | fill 1048576 | fill 1048577
;; call: fills 1 | fills 17 | fills 1024
;; call: copy 0 100 50 | copy 0 1 400000 | copy 1 0 400000 | copy 300000 0 700000 | copy 0 0 1048577 | copy 1048576 0 0
;; call: init 0 0 8 | init 100 2 6 | init 0 0 9 | init 1048570 0 8
;; call: drop_data | init 0 0 0 | init 0 0 1
;; call: grow 0 | grow 1 | grow 2 | grow 100 | size
;; call: grow_table 0 | grow_table 10 | grow_table 40000 | grow_table 100000
;; call: fill_table 0 50000 | fill_table 49999 2 | fill_table 50010 0 | fill_table 50011 0
;; call: copy_table 0 10 40000 | copy_table 10 0 40000 | copy_table 50000 0 100
;; call: init_table 0 0 2 | init_table 5 1 1 | init_table 0 0 3 | drop_elements | init_table 0 0 1
;; call: mixed 1 | mixed 33
(module
  (memory (export "memory") 16 20)
  (table $table (export "table") 10 60000 funcref)
  (data $bytes "\01\02\03\04\05\06\07\08")
  (elem $functions func $a $b)
  (func $a) (func $b)
  (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 0xab) (local.get 0)))
  (func (export "fills") (param $n i32)
    (loop $next
      (memory.fill (local.get $n) (local.get $n) (i32.and (local.get $n) (i32.const 31)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32) (memory.init $bytes (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop_data") (data.drop $bytes))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "grow_table") (param i32) (result i32) (table.grow $table (ref.func $a) (local.get 0)))
  (func (export "fill_table") (param i32 i32) (table.fill $table (local.get 0) (ref.func $b) (local.get 1)))
  (func (export "copy_table") (param i32 i32 i32) (table.copy $table $table (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init_table") (param i32 i32 i32) (table.init $table $functions (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop_elements") (elem.drop $functions))
  (func (export "mixed") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (memory.fill (i32.const 4096) (local.get $n) (i32.const 512))
      (memory.copy (i32.const 8192) (i32.const 4096) (i32.const 256))
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.add (i32.const 8192) (local.get $n)))))
      (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 5)))
        (then (drop (memory.grow (i32.const 0)))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
