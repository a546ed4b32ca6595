// The tests see the internal parts: search rules, the CPU rule, the operator table.
[assembly: System.Runtime.CompilerServices.InternalsVisibleTo("RobustTickets.Torch.Tests")]
