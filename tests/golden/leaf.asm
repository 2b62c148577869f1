wasm.max:
	pushq	%rbp
	movq	%rsp, %rbp
	movl	%esi, %eax
	addq	$7, %rcx
	cmpl	%esi, %edi
	cmovgl	%edi, %eax
	popq	%rbp
	retq

wasm.divide:
	pushq	%rbp
	movq	%rsp, %rbp
	testl	%esi, %esi
	je	.LBB1_3
	movl	%esi, %eax
	notl	%eax
	leal	-2147483648(%rdi), %edx
	addq	$4, %rcx
	orl	%eax, %edx
	je	.LBB1_4
	movl	%edi, %eax
	cltd
	idivl	%esi
	popq	%rbp
	retq
.LBB1_3:
	addq	$4, %rcx
	movq	%rcx, slack_context(%rip)
	movl	$1, %edi
	movl	$1, %esi
	movl	$130, %edx
	callq	*slack_context+56(%rip)
	ud2
.LBB1_4:
	movq	%rcx, slack_context(%rip)
	movl	$2, %edi
	movl	$1, %esi
	movl	$130, %edx
	callq	*slack_context+56(%rip)
	ud2

wasm.remainder:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$4, %rcx
	testq	%rsi, %rsi
	je	.LBB2_5
	cmpq	$-1, %rsi
	movl	$1, %r8d
	cmovneq	%rsi, %r8
	movq	%rdi, %rax
	orq	%r8, %rax
	shrq	$32, %rax
	je	.LBB2_2
	movq	%rdi, %rax
	cqto
	idivq	%r8
	movq	%rdx, %rax
	popq	%rbp
	retq
.LBB2_2:
	movl	%edi, %eax
	xorl	%edx, %edx
	divl	%r8d
	movl	%edx, %eax
	popq	%rbp
	retq
.LBB2_5:
	movq	%rcx, slack_context(%rip)
	movl	$1, %edi
	movl	$2, %esi
	movl	$138, %edx
	callq	*slack_context+56(%rip)
	ud2

wasm.truncate:
	pushq	%rbp
	movq	%rsp, %rbp
	ucomisd	%xmm0, %xmm0
	jp	.LBB3_4
	movsd	.LCPI3_0(%rip), %xmm1
	ucomisd	%xmm0, %xmm1
	jae	.LBB3_5
	ucomisd	.LCPI3_1(%rip), %xmm0
	jae	.LBB3_5
	addq	$3, %rcx
	cvttsd2si	%xmm0, %eax
	popq	%rbp
	retq
.LBB3_4:
	addq	$3, %rcx
	movq	%rcx, slack_context(%rip)
	movl	$3, %edi
	movl	$3, %esi
	movl	$144, %edx
	callq	*slack_context+56(%rip)
	ud2
.LBB3_5:
	addq	$3, %rcx
	movq	%rcx, slack_context(%rip)
	movl	$2, %edi
	movl	$3, %esi
	movl	$144, %edx
	callq	*slack_context+56(%rip)
	ud2

wasm.minimum:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$4, %rcx
	movaps	%xmm1, %xmm2
	orps	%xmm0, %xmm2
	movaps	%xmm0, %xmm3
	minss	%xmm1, %xmm3
	movaps	%xmm0, %xmm4
	cmpeqss	%xmm1, %xmm4
	movaps	%xmm4, %xmm5
	andnps	%xmm3, %xmm5
	andps	%xmm2, %xmm4
	orps	%xmm5, %xmm4
	movaps	%xmm0, %xmm2
	addss	%xmm1, %xmm2
	cmpunordss	%xmm1, %xmm0
	movaps	%xmm0, %xmm1
	andnps	%xmm4, %xmm1
	andps	%xmm2, %xmm0
	orps	%xmm1, %xmm0
	popq	%rbp
	retq

wasm.swap:
	pushq	%rbp
	movq	%rsp, %rbp
	movq	%rsi, %rax
	addq	$3, %rcx
	movl	%edi, %edx
	popq	%rbp
	retq
