;; A load is one instruction with the address of linear memory as its displacement; an unused one stays.
(module
  (memory 1)
  (func (export "load") (param i32) (result i32)
    (i32.load offset=12 (local.get 0)))
  (func (export "load_far") (param i32) (result i64)
    (i64.load offset=0x80000000 (local.get 0)))
  (func (export "load_byte") (param i32) (result i32)
    (i32.load8_s (i32.add (local.get 0) (i32.const 4))))
  (func (export "store") (param i32 f64)
    (f64.store offset=8 (local.get 0) (local.get 1)))
  (func (export "unused") (param i32)
    (drop (i32.load (local.get 0)))))
