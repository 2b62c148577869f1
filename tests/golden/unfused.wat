;; On a processor with fused multiplication and addition, a product is still rounded before it is added to. A product
;; with 1 is no multiplication any more, but makes a signalling NaN quiet.
;; cpu: x86-64-v3
(module
  (func (export "scalar") (param f64 f64 f64) (result f64)
    (f64.add (f64.mul (local.get 0) (local.get 1)) (local.get 2)))
  (func (export "vector") (param v128 v128 v128) (result v128)
    (f32x4.sub (f32x4.mul (local.get 0) (local.get 1)) (local.get 2)))
  (func (export "half") (param v128) (result v128)
    (f32x4.mul (local.get 0) (v128.const f32x4 0.5 0.5 0.5 0.5)))
  (func (export "times_one") (param v128) (result v128)
    (f32x4.mul (local.get 0) (v128.const f32x4 1 1 1 1))))
