wasm.cross_off:
	pushq	%rbp
	movq	%rsp, %rbp
.LBB0_1:
	movl	%edi, %eax
	movb	$0, slack_memory(%rax)
	addl	%esi, %edi
	movq	%rcx, slack_safepoint(%rip)
	cmpl	%edx, %edi
	jae	.LBB0_5
	addq	$20, %rcx
	movl	%edi, %eax
	movb	$0, slack_memory(%rax)
	addl	%esi, %edi
	cmpl	%edx, %edi
	jb	.LBB0_1
	incq	%rcx
	popq	%rbp
	retq
.LBB0_5:
	addq	$11, %rcx
	popq	%rbp
	retq

wasm.cross_off_countable:
	pushq	%rbp
	movq	%rsp, %rbp
	movzwl	%di, %eax
	andl	$253, %esi
	movzwl	%dx, %edx
	leal	4(,%rsi,2), %edi
	orl	$2, %esi
.LBB1_1:
	movl	%eax, %r8d
	movb	$0, slack_memory(%r8)
	leal	(%rax,%rsi), %r8d
	movq	%rcx, slack_safepoint(%rip)
	cmpl	%edx, %r8d
	jae	.LBB1_5
	addq	$20, %rcx
	movl	%r8d, %r9d
	movb	$0, slack_memory(%r9)
	addl	%esi, %r8d
	addl	%edi, %eax
	cmpl	%edx, %eax
	movl	%r8d, %eax
	jb	.LBB1_1
	addq	$15, %rcx
	popq	%rbp
	retq
.LBB1_5:
	addq	$25, %rcx
	popq	%rbp
	retq

wasm.cross_off_guarded:
	pushq	%rbp
	movq	%rsp, %rbp
	movzwl	%dx, %eax
	movzbl	%sil, %edi
	leal	2(%rdi), %edx
	movl	%edx, %esi
	imull	%esi, %esi
	cmpl	%eax, %esi
	jae	.LBB2_5
	leal	4(,%rdi,2), %edi
.LBB2_2:
	movl	%esi, %r8d
	movb	$0, slack_memory(%r8)
	leal	(%rsi,%rdx), %r8d
	movq	%rcx, slack_safepoint(%rip)
	cmpl	%eax, %r8d
	jae	.LBB2_7
	addq	$20, %rcx
	movl	%r8d, %r9d
	movb	$0, slack_memory(%r9)
	addl	%edx, %r8d
	addl	%edi, %esi
	cmpl	%eax, %esi
	movl	%r8d, %esi
	jb	.LBB2_2
	addq	$19, %rcx
	popq	%rbp
	retq
.LBB2_5:
	addq	$19, %rcx
	popq	%rbp
	retq
.LBB2_7:
	addq	$29, %rcx
	popq	%rbp
	retq

wasm.cross_off_all:
	pushq	%rbp
	movq	%rsp, %rbp
	orl	$2, %edi
	movzbl	%dil, %eax
	xorl	%edx, %edx
.LBB3_1:
	movl	%edx, %esi
	movb	$0, slack_memory(%rsi)
	addl	%eax, %edx
	movq	%rcx, slack_safepoint(%rip)
	cmpl	$8191, %edx
	ja	.LBB3_5
	addq	$20, %rcx
	movl	%edx, %esi
	movb	$0, slack_memory(%rsi)
	addl	%eax, %edx
	cmpl	$8192, %edx
	jb	.LBB3_1
	addq	$7, %rcx
	popq	%rbp
	retq
.LBB3_5:
	addq	$17, %rcx
	popq	%rbp
	retq
