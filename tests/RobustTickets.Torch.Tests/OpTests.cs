using RobustTickets.Torch.Native;
using Xunit;

namespace RobustTickets.Torch.Tests;

/// <summary>
/// The operator table against the libtorch at hand, and operators against numbers computed by hand.
/// </summary>
public sealed class OpTests
{
    [Fact]
    public void Every_operator_resolves_and_takes_the_arguments_we_pass()
    {
        Assert.True(Ops.Table.Count > 100);
        var wrong = new List<string>();
        foreach (var op in Ops.Table.Concat(Ops.Newer.Table))
        {
            if (!op.Exists)
            {
                if (!Ops.Newer.Table.Contains(op) || !torch.version.StartsWith("1.", StringComparison.Ordinal))
                    wrong.Add($"{op}: absent");
                continue;
            }
            var schema = op.Schema;
            if (
                op.Passed > schema.Arguments
                || op.Passed < schema.Required && !op.Name.EndsWith("arange", StringComparison.Ordinal)
            )
                wrong.Add($"{schema.Text}: we pass {op.Passed}, required {schema.Required}");
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Fact]
    public void Linear_cross_entropy_and_backward_match_the_formulas()
    {
        using var scope = torch.scope();
        var x = torch.tensor([1f, 2f, -1f, 0.5f], 2, 2);
        var w = torch.tensor([0.1f, -0.2f, 0.3f, 0.4f, -0.5f, 0.6f], 3, 2).requires_grad_();
        var b = torch.tensor([0.01f, 0.02f, 0.03f], 3).requires_grad_();
        var labels = torch.tensor([2L, 0L], 2);
        var logits = torch.nn.functional.linear(x, w, b);
        var loss = torch.nn.functional.cross_entropy(logits, labels);
        loss.backward();

        // By hand: p = softmax(logits), dL/dlogits = (p - onehot) / 2, dW = d^T x, db = column sums
        // of d.
        float[] xs = [1, 2, -1, 0.5f],
            ws = [0.1f, -0.2f, 0.3f, 0.4f, -0.5f, 0.6f],
            bs = [0.01f, 0.02f, 0.03f];
        int[] target = [2, 0];
        var d = new double[2, 3];
        var expected = 0.0;
        for (var i = 0; i < 2; i++)
        {
            var z = new double[3];
            for (var j = 0; j < 3; j++)
                z[j] = xs[2 * i] * ws[2 * j] + xs[2 * i + 1] * ws[2 * j + 1] + bs[j];
            var sum = z.Sum(Math.Exp);
            expected += (Math.Log(sum) - z[target[i]]) / 2;
            for (var j = 0; j < 3; j++)
                d[i, j] = (Math.Exp(z[j]) / sum - (j == target[i] ? 1 : 0)) / 2;
        }
        Assert.Equal(expected, loss.item<float>(), 1e-6);
        var gw = w.grad!.to_array();
        var gb = b.grad!.to_array();
        for (var j = 0; j < 3; j++)
        {
            Assert.Equal(d[0, j] + d[1, j], gb[j], 1e-6);
            for (var k = 0; k < 2; k++)
                Assert.Equal(d[0, j] * xs[k] + d[1, j] * xs[2 + k], gw[2 * j + k], 1e-6);
        }
    }
}
