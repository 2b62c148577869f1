;; counted:0 A load whose value nobody uses is outside memory; the trap after it must not come first.
(module
  (memory 0 15)
  (func (export "")
    (drop (i64.load16_u (i32.const 0)))
    (drop (i32.rem_s (i32.const 1) (i32.const 0)))))
