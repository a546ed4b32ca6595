// The kernels need addresses and handles; the tests see search rules, the CPU rule, the operators.
[assembly: System.Runtime.CompilerServices.InternalsVisibleTo("RobustTickets.Kernels")]
[assembly: System.Runtime.CompilerServices.InternalsVisibleTo("RobustTickets.Torch.Tests")]
[assembly: System.Runtime.CompilerServices.InternalsVisibleTo("RobustTickets.Kernels.Tests")]
