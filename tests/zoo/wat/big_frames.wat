;; Recurses through frames of several kilobytes: a frame must not step over the stack's guard.
;; run: => trap "call stack exhausted"
(module (memory (export "memory") 1)
  (func $deep (param $n i32) (result i64)
    (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $e i64) (local $f i64) (local $g i64) (local $h i64)
    (local.set $a (i64.load (local.get $n))) (local.set $b (i64.load offset=8 (local.get $n)))
    (local.set $c (i64.load offset=16 (local.get $n))) (local.set $d (i64.load offset=24 (local.get $n)))
    (local.set $e (i64.load offset=32 (local.get $n))) (local.set $f (i64.load offset=40 (local.get $n)))
    (local.set $g (call $deep (i32.and (i32.add (local.get $n) (i32.const 8)) (i32.const 1023))))
    (local.set $h (call $deep (i32.and (i32.add (local.get $n) (i32.const 16)) (i32.const 1023))))
    (i64.add (i64.add (i64.add (local.get $a) (local.get $b)) (i64.add (local.get $c) (local.get $d)))
             (i64.add (i64.add (local.get $e) (local.get $f)) (i64.add (local.get $g) (local.get $h)))))
  (func (export "_start") (drop (call $deep (i32.const 0)))))
