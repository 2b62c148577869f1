wasm.recursive:
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rbx
	pushq	%rax
	testl	%edi, %edi
	je	.LBB0_2
	movl	%edi, %ebx
	leal	-1(%rbx), %edi
	movq	%rcx, slack_safepoint(%rip)
	addq	$9, %rcx
	callq	wasm.recursive
	imull	%ebx, %eax
	incq	%rcx
	jmp	.LBB0_3
.LBB0_2:
	addq	$5, %rcx
	movl	$1, %eax
.LBB0_3:
	addq	$8, %rsp
	popq	%rbx
	popq	%rbp
	retq

wasm.fibonacci:
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%r14
	pushq	%rbx
	movl	%edi, %ebx
	cmpl	$2, %edi
	jb	.LBB1_2
	leal	-1(%rbx), %edi
	movq	%rcx, slack_safepoint(%rip)
	addq	$9, %rcx
	callq	wasm.fibonacci
	movl	%eax, %r14d
	addq	$10, %rcx
	addl	$-2, %ebx
	movl	%ebx, %edi
	callq	wasm.fibonacci
	movl	%eax, %ebx
	addl	%r14d, %ebx
	incq	%rcx
.LBB1_2:
	movl	%ebx, %eax
	popq	%rbx
	popq	%r14
	popq	%rbp
	retq

wasm.direct:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$3, %rcx
	callq	wasm.fibonacci
	addq	$6, %rcx
	popq	%rbp
	retq

wasm.import:
	pushq	%rbp
	movq	%rsp, %rbp
	movq	%rcx, slack_safepoint(%rip)
	addq	$3, %rcx
	callq	*slack_context+1040(%rip)
	popq	%rbp
	retq

wasm.indirect:
	pushq	%rbp
	movq	%rsp, %rbp
	movq	%rcx, slack_safepoint(%rip)
	cmpl	%esi, slack_context+1032(%rip)
	jbe	.LBB4_4
	movq	slack_context+1024(%rip), %rax
	movl	%esi, %edx
	movq	(%rax,%rdx,8), %rax
	testq	%rax, %rax
	je	.LBB4_5
	movabsq	$-6601375344935675729, %rdx
	cmpq	%rdx, 8(%rax)
	jne	.LBB4_6
	addq	$4, %rcx
	callq	*(%rax)
	popq	%rbp
	retq
.LBB4_4:
	addq	$4, %rcx
	movq	%rcx, slack_context(%rip)
	movl	$6, %edi
	movl	$5, %esi
	movl	$189, %edx
	callq	*slack_context+56(%rip)
	ud2
.LBB4_5:
	addq	$4, %rcx
	movq	%rcx, slack_context(%rip)
	movl	$7, %edi
	movl	$5, %esi
	movl	$189, %edx
	callq	*slack_context+56(%rip)
	ud2
.LBB4_6:
	addq	$4, %rcx
	movq	%rcx, slack_context(%rip)
	movl	$8, %edi
	movl	$5, %esi
	movl	$189, %edx
	callq	*slack_context+56(%rip)
	ud2

wasm.trap:
	pushq	%rbp
	movq	%rsp, %rbp
	incq	%rcx
	movq	%rcx, slack_context(%rip)
	xorl	%edi, %edi
	movl	$6, %esi
	movl	$195, %edx
	callq	*slack_context+56(%rip)
	ud2

wasm.host:
	pushq	%rbp
	movq	%rsp, %rbp
	callq	*slack_context+1040(%rip)
	popq	%rbp
	retq
