// The kernels need addresses and handles; the tests access internal types.
[assembly: System.Runtime.CompilerServices.InternalsVisibleTo("RobustTickets.Kernels")]
[assembly: System.Runtime.CompilerServices.InternalsVisibleTo("RobustTickets.Torch.Tests")]
[assembly: System.Runtime.CompilerServices.InternalsVisibleTo("RobustTickets.Kernels.Tests")]
