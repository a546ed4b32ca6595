using RobustTickets.Torch;

using var ones = torch.ones([2, 3]);
using var sum = ones.sum();
Console.WriteLine(sum.item<float>());
