using RobustTickets.Torch;
using RobustTickets.Torch.Native;
using Xunit;

namespace RobustTickets.Tests.Devices;

[Collection(TorchCollection.Name)]
public sealed class PartialResultsTests
{
    [SkippableFact]
    public void A_call_whose_last_result_cannot_cross_gives_back_the_ones_before()
    {
        Skip.IfNot(TestDevice.IsFake, "the operator comes with the fake device");
        TestDevice.Load();
        var op = new Op("robust_tickets_test::tensors_then_integers", "", 1);
        using var x = torch.ones([3]);
        var live = Shim.rt_live();
        for (var i = 0; i < 3; i++)
        {
            var refused = Assert.Throws<TorchException>(() =>
            {
                var call = new OpCall(op);
                call.Add(x);
                call.Tensors();
            });
            Assert.Contains("cannot cross", refused.Message, StringComparison.Ordinal);
        }
        Assert.Equal(live, Shim.rt_live());
    }

    [Fact]
    public void Results_of_another_kind_than_asked_for_are_given_back()
    {
        using var x = torch.ones([4]);
        var live = Shim.rt_live();
        Assert.Throws<TorchException>(() =>
        {
            var call = new OpCall(Ops.Abs);
            call.Add(x);
            call.Number();
        });
        Assert.Throws<TorchException>(() =>
        {
            var call = new OpCall(Ops.Split);
            call.Add(x);
            call.Add([1, 3]);
            call.Add(0L);
            call.Tensor();
        });
        Assert.Equal(live, Shim.rt_live());
    }
}
