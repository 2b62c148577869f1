; Programs by hand for the proof itself: what it must refuse, in which words, and what it must accept, with which figures.
; A case begins with its title behind "; case:". "; limits:" are instructions, calls out of the instance, and instructions
; of a frame; "; wrong:" is a pattern; "; proven:" has figures that must be equal.

; case: straight code
; proven: instructions 2, calls_out 0, frame 0
define i64 @f(i64 %fuel) {
  %a = add i64 %fuel, 3
  ret i64 %a
}

; case: a path longer than the limit
; limits: 6 10 10
; wrong: ^7 instructions without a safepoint, more than 6: f: from a safepoint: block 0 at 0x0 \(6\) > block 1 at 0x0 \(7\)$
@slack_safepoint = external global [0 x i8]
define i64 @f(i64 %fuel) {
  %c = icmp eq i64 %fuel, 0
  store volatile i64 %fuel, ptr @slack_safepoint
  %a1 = add i64 %fuel, 1
  %a2 = add i64 %a1, 2
  %a3 = add i64 %a2, 3
  %a4 = add i64 %a3, 4
  %a5 = add i64 %a4, 5
  br i1 %c, label %short, label %end
short:
  store volatile i64 %a3, ptr @slack_safepoint
  br label %end
end:
  ret i64 %a5
}

; case: more fuel than the limit, of sums that go out from one value
; limits: 100 10 10 9
; wrong: ^10 fuel without a safepoint, more than 9: f: from a safepoint
@slack_safepoint = external global [0 x i8]
define i64 @f(i64 %fuel) "slack-fuel"="0" {
  %a = add i64 %fuel, 5
  %b = add i64 %fuel, 15
  store volatile i64 %a, ptr @slack_safepoint
  store volatile i64 %b, ptr @slack_safepoint
  ret i64 %b
}

; case: a loop with a safepoint
; proven: instructions 5, open_loops 0
@slack_safepoint = external global [0 x i8]
define i64 @f(i64 %fuel) {
  br label %loop
loop:
  %i = phi i64 [ %fuel, %0 ], [ %j, %loop ]
  %j = add i64 %i, 1
  store volatile i64 %j, ptr @slack_safepoint
  %c = icmp eq i64 %j, 0
  br i1 %c, label %end, label %loop
end:
  ret i64 %j
}

; case: a loop without a safepoint, of as many rounds as its argument says
; wrong: (more than [0-9]+: f: from its entry|rounds nothing bounds)
@slack_safepoint = external global [0 x i8]
define i64 @f(i64 %fuel) {
  store volatile i64 %fuel, ptr @slack_safepoint
  br label %loop
loop:
  %i = phi i64 [ %fuel, %0 ], [ %j, %loop ]
  %j = add i64 %i, -1
  %c = icmp eq i64 %j, 0
  br i1 %c, label %end, label %loop
end:
  store volatile i64 %fuel, ptr @slack_safepoint
  ret i64 %j
}

; case: a loop without a safepoint, until memory says so
; wrong: ^f: a loop without a safepoint whose rounds nothing bounds: block 1 at 0x0$
define i64 @f(i64 %fuel, ptr %p) {
  br label %loop
loop:
  %v = load i64, ptr %p
  %c = icmp eq i64 %v, 0
  br i1 %c, label %end, label %loop
end:
  ret i64 %fuel
}

; case: a loop with a safepoint on one of two ways round
; wrong: f: a loop without a safepoint whose rounds nothing bounds
@slack_safepoint = external global [0 x i8]
define i64 @f(i64 %fuel, ptr %p) {
  br label %loop
loop:
  %v = load i64, ptr %p
  %seldom = icmp eq i64 %v, 1
  br i1 %seldom, label %poll, label %latch
poll:
  store volatile i64 %fuel, ptr @slack_safepoint
  br label %latch
latch:
  %c = icmp eq i64 %v, 0
  br i1 %c, label %end, label %loop
end:
  ret i64 %fuel
}

; case: a store that is like a safepoint but for its address
; wrong: rounds nothing bounds
@slack_context = external global [0 x i8]
define i64 @f(i64 %fuel, ptr %p) {
  br label %loop
loop:
  %v = load i64, ptr %p
  store volatile i64 %fuel, ptr @slack_context
  %c = icmp eq i64 %v, 0
  br i1 %c, label %end, label %loop
end:
  ret i64 %fuel
}

; case: short loops in each other
; proven: instructions 10137, open_loops 2
define i64 @f(i64 %fuel) {
  br label %outer
outer:
  %i = phi i64 [ 0, %0 ], [ %i1, %latch ]
  %i1 = add i64 %i, 1
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j1, %inner ]
  %j1 = add i64 %j, 1
  %cj = icmp eq i64 %j1, 100
  br i1 %cj, label %latch, label %inner
latch:
  %ci = icmp eq i64 %i1, 25
  br i1 %ci, label %end, label %outer
end:
  %a = add i64 %fuel, 1
  %b = add i64 %a, 1
  %c = add i64 %b, 1
  %d = add i64 %c, 1
  %e = add i64 %d, 1
  %g = add i64 %e, 1
  %h = add i64 %g, 1
  %k = add i64 %h, 1
  %l = add i64 %k, 1
  %m = add i64 %l, 1
  ret i64 %m
}

; case: a loop of the rounds that are left, 1024 at the most
; proven: instructions 4100, open_loops 1
declare i64 @llvm.umin.i64(i64, i64)
define i64 @f(i64 %fuel, i64 %left) {
  %some = or i64 %left, 1
  %most = call i64 @llvm.umin.i64(i64 %some, i64 1024)
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %i1, %loop ]
  %i1 = add i64 %i, 1
  %c = icmp eq i64 %i1, %most
  br i1 %c, label %end, label %loop
end:
  ret i64 %fuel
}

; case: a strip of a loop, whose end is frozen
; proven: instructions 4108, open_loops 1
@slack_safepoint = external global [0 x i8]
declare i32 @llvm.umin.i32(i32, i32)
define i64 @f(i64 %fuel, i32 %n) {
  br label %strip
strip:
  %left = phi i32 [ %n, %0 ], [ %rest, %next ]
  %first = phi i32 [ 0, %0 ], [ %i1, %next ]
  %most = call i32 @llvm.umin.i32(i32 %left, i32 1023)
  %before = add i32 %first, %most
  %behind = add i32 %before, 1
  %last = freeze i32 %behind
  br label %loop
loop:
  %i = phi i32 [ %first, %strip ], [ %i1, %loop ]
  %i1 = add i32 %i, 1
  %c = icmp eq i32 %i1, %last
  br i1 %c, label %end, label %loop
end:
  %over = icmp ule i32 %left, 1023
  br i1 %over, label %out, label %next
next:
  store volatile i64 %fuel, ptr @slack_safepoint
  %rest = sub i32 %left, 1024
  br label %strip
out:
  ret i64 %fuel
}

; case: a cycle that is entered in two places
; wrong: f: a cycle without a safepoint that is no natural loop: block 1 at 0x0, block 2 at 0x0
define i64 @f(i64 %fuel, ptr %p, i1 %way) {
  br i1 %way, label %a, label %b
a:
  %v = load i64, ptr %p
  %c = icmp eq i64 %v, 0
  br i1 %c, label %b, label %end
b:
  %w = load i64, ptr %p
  %d = icmp eq i64 %w, 1
  br i1 %d, label %a, label %end
end:
  ret i64 %fuel
}

; case: a loop that calls what has a safepoint on every way
; proven: instructions 6, open_loops 0
@slack_safepoint = external global [0 x i8]
define internal i64 @g(i64 %fuel) {
  store volatile i64 %fuel, ptr @slack_safepoint
  ret i64 %fuel
}
define i64 @f(i64 %fuel, ptr %p) {
  br label %loop
loop:
  %v = load i64, ptr %p
  %g = call i64 @g(i64 %fuel)
  %c = icmp eq i64 %v, 0
  br i1 %c, label %end, label %loop
end:
  ret i64 %fuel
}

; case: a loop that calls what has a safepoint on one way of two
; wrong: f: a loop without a safepoint whose rounds nothing bounds
@slack_safepoint = external global [0 x i8]
define internal i64 @g(i64 %fuel) {
  %c = icmp eq i64 %fuel, 0
  br i1 %c, label %poll, label %end
poll:
  store volatile i64 %fuel, ptr @slack_safepoint
  br label %end
end:
  ret i64 %fuel
}
define i64 @f(i64 %fuel, ptr %p) {
  br label %loop
loop:
  %v = load i64, ptr %p
  %g = call i64 @g(i64 %fuel)
  %c = icmp eq i64 %v, 0
  br i1 %c, label %end, label %loop
end:
  ret i64 %fuel
}

; case: calls followed: what is before the callee's first safepoint, and what is behind its last
; proven: instructions 10, safepoints 3
@slack_safepoint = external global [0 x i8]
define internal i64 @leaf(i64 %fuel) {
  %a = add i64 %fuel, 1
  %b = add i64 %a, 1
  ret i64 %b
}
define internal i64 @g(i64 %fuel) {
  %l = call i64 @leaf(i64 %fuel)
  store volatile i64 %l, ptr @slack_safepoint
  %a = add i64 %fuel, 1
  ret i64 %a
}
define i64 @f(i64 %fuel) {
  store volatile i64 %fuel, ptr @slack_safepoint
  %l = call i64 @leaf(i64 %fuel)
  %g = call i64 @g(i64 %l)
  store volatile i64 %g, ptr @slack_safepoint
  ret i64 %g
}

; case: what is behind a callee's last safepoint, where the caller has its next before its return
; proven: instructions 7
@slack_safepoint = external global [0 x i8]
define i64 @f(i64 %fuel) {
  store volatile i64 %fuel, ptr @slack_safepoint
  %g = call i64 @g(i64 %fuel)
  store volatile i64 %g, ptr @slack_safepoint
  ret i64 %g
}
define internal i64 @g(i64 %fuel) {
  store volatile i64 %fuel, ptr @slack_safepoint
  %a = add i64 %fuel, 1
  %b = add i64 %a, 1
  %c = add i64 %b, 1
  %d = add i64 %c, 1
  %e = add i64 %d, 1
  ret i64 %e
}

; case: a recursion without a safepoint
; wrong: ^a recursion without a safepoint, of 1 functions: f$
define i64 @f(i64 %fuel, i1 %c) {
  br i1 %c, label %deeper, label %end
deeper:
  %d = call i64 @f(i64 %fuel, i1 %c)
  ret i64 %d
end:
  ret i64 %fuel
}

; case: a recursion with a safepoint on the way back only
; wrong: a recursion without a safepoint, of 1 functions: f
@slack_safepoint = external global [0 x i8]
define i64 @f(i64 %fuel, i1 %c) {
  br i1 %c, label %deeper, label %end
deeper:
  %d = call i64 @f(i64 %fuel, i1 %c)
  store volatile i64 %fuel, ptr @slack_safepoint
  ret i64 %d
end:
  ret i64 %fuel
}

; case: a recursion with an early safepoint that does not dominate the call
; wrong: a recursion without a safepoint, of 1 functions: f
@slack_safepoint = external global [0 x i8]
define i64 @f(i64 %fuel, i1 %c, i1 %d) {
  br i1 %d, label %poll, label %next
poll:
  store volatile i64 %fuel, ptr @slack_safepoint
  br label %next
next:
  br i1 %c, label %deeper, label %end
deeper:
  %r = call i64 @f(i64 %fuel, i1 %c, i1 %d)
  ret i64 %r
end:
  ret i64 %fuel
}

; case: a recursion of two, with a safepoint in one
; proven: instructions 11, frame 8
@slack_safepoint = external global [0 x i8]
define internal i64 @f(i64 %fuel, i1 %c) {
  br i1 %c, label %deeper, label %end
deeper:
  store volatile i64 %fuel, ptr @slack_safepoint
  %d = call i64 @g(i64 %fuel, i1 %c)
  ret i64 %d
end:
  ret i64 %fuel
}
define i64 @g(i64 %fuel, i1 %c) {
  %d = call i64 @f(i64 %fuel, i1 %c)
  %e = add i64 %d, 1
  %g = add i64 %e, 1
  ret i64 %g
}

; case: a recursion whose frames take long on the way back
; limits: 100 10 3
; wrong: ^4 instructions for a frame on the way out of a recursion, more than 3: f: from a safepoint: block 0 at 0x0 \(4\)$
@slack_safepoint = external global [0 x i8]
define i64 @f(i64 %fuel, i1 %c) {
  store volatile i64 %fuel, ptr @slack_safepoint
  %d = call i64 @f(i64 %fuel, i1 %c)
  %e = add i64 %d, 1
  %g = add i64 %e, 1
  %h = add i64 %g, 1
  ret i64 %h
}

; case: a recursion by way of a pointer, without a safepoint
; wrong: a recursion without a safepoint, of 2 functions: .*(a call through a pointer|f)
@table = constant [1 x ptr] [ptr @f]
define i64 @f(i64 %fuel, ptr %p) {
  %d = call i64 %p(i64 %fuel, ptr %p)
  ret i64 %d
}

; case: a recursion by way of a pointer and a function whose address nobody has
; wrong: a recursion without a safepoint, of 3 functions
@table = constant [1 x ptr] [ptr @f]
define internal i64 @f(i64 %fuel, ptr %p) {
  %d = call i64 @g(i64 %fuel, ptr %p)
  ret i64 %d
}
define internal i64 @g(i64 %fuel, ptr %p) {
  %d = call i64 %p(i64 %fuel, ptr %p)
  ret i64 %d
}

; case: a recursion by way of a pointer, with a safepoint
; proven: safepoints 1
@slack_safepoint = external global [0 x i8]
@table = constant [1 x ptr] [ptr @f]
define i64 @f(i64 %fuel, ptr %p) {
  store volatile i64 %fuel, ptr @slack_safepoint
  %d = call i64 %p(i64 %fuel, ptr %p)
  ret i64 %d
}

; case: calls out of the instance
; limits: 100 1 100
; wrong: ^2 calls out of the instance without a safepoint, more than 1: f
@slack_context = external global [0 x i8]
define i64 @f(i64 %fuel) {
  %s = load ptr, ptr getelementptr (i8, ptr @slack_context, i64 64)
  %a = call i64 %s(i64 %fuel)
  %i = load ptr, ptr getelementptr (i8, ptr @slack_context, i64 1040)
  %b = call i64 %i(i64 %a)
  ret i64 %b
}

; case: a copy of unknown length
; wrong: instructions without a safepoint
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define i64 @f(i64 %fuel, ptr %p, ptr %q) {
  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %q, i64 %fuel, i1 false)
  ret i64 %fuel
}

; case: a function that is defined nowhere
; wrong: ^f: calls g, which is defined nowhere$
declare i64 @g(i64)
define i64 @f(i64 %fuel) {
  %g = call i64 @g(i64 %fuel)
  ret i64 %g
}

; case: a recursion over two partitions, each with a function of its own by the same name
; wrong: ^a recursion without a safepoint, of 2 functions: (f, g|g, f)$
; ModuleID = 'module.wasm'
declare hidden i64 @g(i64)
define internal i64 @own(i64 %fuel) {
  ret i64 %fuel
}
define hidden i64 @f(i64 %fuel) {
  %a = call i64 @own(i64 %fuel)
  %g = call i64 @g(i64 %a)
  ret i64 %g
}
; ModuleID = 'module.wasm'
declare hidden i64 @f(i64)
@slack_safepoint = external global [0 x i8]
define internal i64 @own(i64 %fuel) {
  store volatile i64 %fuel, ptr @slack_safepoint
  ret i64 %fuel
}
define hidden i64 @g(i64 %fuel) {
  %f = call i64 @f(i64 %fuel)
  %a = call i64 @own(i64 %f)
  ret i64 %a
}

; case: a function whose address another partition takes
; wrong: ^a recursion without a safepoint, of 2 functions
; ModuleID = 'module.wasm'
define hidden i64 @f(i64 %fuel, ptr %p) {
  %d = call i64 %p(i64 %fuel, ptr %p)
  ret i64 %d
}
; ModuleID = 'module.wasm'
declare hidden i64 @f(i64, ptr)
@table = constant [1 x ptr] [ptr @f]
