(module
  (import "ping" "table" (table 1 funcref))
  (import "ping" "ping" (func $ping))
  (func $pong (export "pong") (call $ping))
  (elem (i32.const 0) func $pong))
