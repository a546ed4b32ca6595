// What runs as libtorch's operators on a device, piece by piece against the CPU kernel beside it:
// keyed randomness bit for bit, the adversary's steps, AdamW. And that a stray tensor of the other
// device, or a kernel of ours given a device's tensor, cannot go unnoticed.
using RobustTickets.Attacks;
using RobustTickets.Kernels.Inference;
using RobustTickets.Kernels.Optim;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Tests.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.Native;
using RobustTickets.Torch.nn;
using RobustTickets.Torch.optim;
using Xunit;

namespace RobustTickets.Tests.Devices;

[Collection(TorchCollection.Name)]
public sealed class OperatorTests
{
    private static readonly Device Here = TestDevice.Current;

    [Fact]
    public void Tensors_of_two_devices_do_not_meet_unnoticed()
    {
        using var scope = torch.scope();
        var (there, here) = (torch.ones([2, 3], DType.Float32, Here), torch.ones([2, 3]));
        Assert.Equal(Here, there.device);
        Assert.Throws<TorchException>(() => there + here);
        Assert.Throws<TorchException>(() => there.index_select(0, torch.tensor([0L], 1)));
        Assert.Throws<TorchException>(() => there.matmul(here.t()));
        Assert.Contains(
            "expected a tensor on the CPU",
            Assert.Throws<InvalidOperationException>(() => there.data_ptr).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<InvalidOperationException>(() => InferenceKernels.Tanh(there));
        Assert.Equal([2f, 2f, 2f, 2f, 2f, 2f], (there + here.to(Here)).to_array());
    }

    [Fact]
    public void Elements_open_for_change_are_written_back()
    {
        using var scope = torch.scope();
        foreach (var device in new[] { Device.Cpu, Here })
        {
            var x = torch.tensor<float>([1, 2, 3, 4], [2, 2], device);
            using (var values = x.edit<float>())
                values.Span[2] = 9;
            Assert.Equal([1f, 2f, 9f, 4f], x.host<float>().ToArray());
        }
    }

    [Theory]
    [InlineData(1, 1, 0.1)]
    [InlineData(7, 13, 0.5)]
    [InlineData(64, 768, 0.1)]
    [InlineData(33, 63, 0.999)]
    public void Keyed_numbers_are_the_same_bit_for_bit(int rows, int features, double probability)
    {
        using var scope = torch.scope();
        RandomKey[] keys = [.. Enumerable.Range(0, rows).Select(r => RandomKey.FromSeed(5).Derive(r))];
        Tensor mask = torch.empty([rows, features]),
            noise = torch.empty([rows, features]);
        KeyedTensors.Dropout(mask, keys, probability);
        KeyedTensors.UniformSigned(noise, keys);
        var there = KeyedRows.On(Here, keys);
        var kept = KeyedOperators.Kept(there, features, probability);
        Assert.Equal((Here, DType.Bool), (kept.device, kept.dtype));
        Assert.Equal(mask.to_array().Select(f => f != 0), kept.to_array<bool>());
        Assert.Equal(noise.to_array(), KeyedOperators.UniformSigned(there, features).to_array());
        if (rows * features > 100)
            Assert.NotEqual(
                kept.to_array<bool>(),
                KeyedOperators
                    .Kept(KeyedRows.On(Here, [.. keys.Select(k => k.Derive(1L))]), features, probability)
                    .to_array<bool>()
            );
    }

    [Theory]
    [InlineData(false, false, 0.0)]
    [InlineData(false, false, 0.06)]
    [InlineData(true, false, 0.0)]
    [InlineData(true, false, 0.012)]
    [InlineData(true, true, 0.012)]
    public void An_adversary_moves_as_on_the_cpu(bool linf, bool sign, double maxNorm)
    {
        using var scope = torch.scope();
        var config = TinyBert.Dense();
        var batch = PackedBatch.From(TinyBert.Examples(new Random(3), config, 6, 20));
        var noise = TinyBert.Normal(new Random(4), (long)batch.Tokens * config.Hidden, 0, 0.4);
        Tensor cpu = torch.tensor<float>(noise, batch.Tokens, config.Hidden),
            there = cpu.to(Here);
        var layout = new PaddedLayout(batch.Offsets, Here);
        PerturbationKernel.Start(cpu, batch.Offsets, 0.05, linf);
        PerturbationOperators.Start(there, batch, layout, 0.05, linf);
        Near(cpu, there, 1e-7);
        for (var t = 0; t < 3; t++)
        {
            var gradient = TinyBert.Normal(new Random(10 + t), noise.Length);
            // One example without gradient, one whose gradient is no number, one a thousand times
            // the others.
            for (var j = batch.Offsets[2] * config.Hidden; j < batch.Offsets[3] * config.Hidden; j++)
                gradient[j] = 0;
            gradient[batch.Offsets[3] * config.Hidden] = t == 1 ? float.NaN : float.PositiveInfinity;
            for (var j = batch.Offsets[4] * config.Hidden; j < batch.Offsets[5] * config.Hidden; j++)
                gradient[j] *= 1000;
            var g = torch.tensor<float>(gradient, batch.Tokens, config.Hidden);
            PerturbationKernel.Ascend(cpu, g, batch.Offsets, 0.03, maxNorm, linf, sign);
            PerturbationOperators.Ascend(there, g.to(Here), layout, 0.03, maxNorm, linf, sign);
            Near(cpu, there, 1e-6);
        }
        var other = there.clone();
        PerturbationOperators.Ascend(
            other,
            torch.ones([batch.Tokens, config.Hidden], DType.Float32, Here),
            layout,
            0.031,
            maxNorm,
            linf,
            sign
        );
        PerturbationKernel.Ascend(cpu, torch.ones([batch.Tokens, config.Hidden]), batch.Offsets, 0.03, 0, linf, sign);
        Assert.NotEqual(cpu.to_array(), other.to_array());
    }

    [Theory]
    [InlineData(false, 0.1)]
    [InlineData(true, 0.1)]
    [InlineData(false, 0.0)]
    public void AdamW_moves_by_the_plain_statement(bool torchFlavour, double decay)
    {
        const int steps = 5;
        foreach (var device in new[] { Device.Cpu, Here })
        {
            var random = new Random(6);
            using var store = new ParameterStore();
            store.MoveTo(device);
            long[][] shapes =
            [
                [4, 3],
                [7],
                [0, 3],
                [1],
            ];
            string[] names = ["a.weight", "a.bias", "empty.weight", "b.LayerNorm.weight"];
            for (var i = 0; i < names.Length; i++)
                store.Add(
                    names[i],
                    torch.tensor<float>(TinyBert.Normal(random, shapes[i].Aggregate(1L, (x, y) => x * y)), shapes[i])
                );
            store.RequireGradient(_ => true);
            var options = new AdamWOptions(torchFlavour, decay);
            using var optimizer = new AdamW(store, names, options, AdamW.DecaysByName, name => name != "a.bias");
            var plain = names.ToDictionary(
                n => n,
                n => store[n].to_array().Select(p => (P: (double)p, M: 0.0, V: 0.0)).ToArray()
            );
            for (var step = 0; step < steps; step++)
            {
                using var scope = torch.scope();
                var gradients = names.ToDictionary(n => n, n => TinyBert.Normal(random, store[n].numel));
                foreach (var name in names)
                    store[name].grad = torch.tensor<float>(gradients[name], store[name].shape, device);
                var norm = optimizer.MeasureNorm(1.0);
                Assert.Equal(
                    Math.Sqrt(names.Where(n => n != "a.bias").Sum(n => gradients[n].Sum(g => (double)g * g))),
                    norm.Norm,
                    1e-5
                );
                optimizer.Step(0.01 * step, norm.Factor);
                foreach (var name in names)
                {
                    var s = new AdamWStep(
                        torchFlavour,
                        0.01 * step,
                        AdamW.DecaysByName(name) ? decay : 0,
                        0.9,
                        0.999,
                        1e-8,
                        step + 1,
                        name == "a.bias" ? 1f : norm.Factor
                    );
                    for (var i = 0; i < plain[name].Length; i++)
                        plain[name][i] = AdamWReference.Update(
                            plain[name][i].P,
                            gradients[name][i],
                            plain[name][i].M,
                            plain[name][i].V,
                            s
                        );
                    Assert.Equal(
                        plain[name].Select(x => (float)x.P),
                        store[name].to_array(),
                        (a, b) => Math.Abs(a - b) <= 2e-6 * Math.Max(1, Math.Abs(a))
                    );
                    Assert.Equal(device, optimizer.Moments(name).First.device);
                    Assert.Equal(
                        plain[name].Select(x => (float)x.V),
                        optimizer.Moments(name).Second.to_array(),
                        (a, b) => Math.Abs(a - b) <= 2e-6
                    );
                }
            }
        }
    }

    [Fact]
    public void A_device_that_is_not_there_is_refused_with_what_there_is()
    {
        var missing = Device.Cuda(torch.cuda_device_count());
        var reason = Torch.Devices.WhyNot(missing)!;
        Assert.Contains("available: cpu", reason, StringComparison.Ordinal);
        Assert.Contains($"libtorch {torch.version}", reason, StringComparison.Ordinal);
        if (torch.cuda_device_count() == 0)
            Assert.Contains(
                "LIBTORCH",
                reason + (reason.Contains("has CUDA", StringComparison.Ordinal) ? "LIBTORCH" : ""),
                StringComparison.Ordinal
            );
        Assert.Contains(
            reason,
            Assert.Throws<RequestException>(() => new Execution(missing).Apply()).Reason,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "expected cpu",
            Assert.Throws<FormatException>(() => Device.Parse("tpu")).Message,
            StringComparison.Ordinal
        );
        Assert.Null(Torch.Devices.WhyNot(Device.Cpu));
        Assert.Null(Torch.Devices.WhyNot(Here));
    }

    private static void Near(Tensor expected, Tensor found, double tolerance)
    {
        Assert.Equal(Here, found.device);
        Assert.Equal(expected.to_array(), found.to_array(), (a, b) => Math.Abs(a - b) <= tolerance);
    }
}
