using RobustTickets.Objectives;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Objectives;

[Collection(TorchCollection.Name)]
public sealed class LossTermsTests
{
    private static double Kl(double[] p, double[] q) => p.Zip(q).Sum(x => x.First * Math.Log(x.First / x.Second));

    private static double[] Softmax(double[] logits, double temperature = 1)
    {
        var exp = logits.Select(l => Math.Exp(l / temperature)).ToArray();
        return [.. exp.Select(e => e / exp.Sum())];
    }

    [Fact]
    public void Disagreement_is_half_the_sum_of_both_divergences_of_text_and_changed_form()
    {
        using var scope = torch.scope();
        double[][] rows =
        [
            [1, -0.5, 0.2],
            [0, 0.3, 2],
            [0.4, 1.5, -1],
            [0, 0.3, 2],
        ];
        var logits = torch.tensor<float>([.. rows.SelectMany(r => r.Select(v => (float)v))], 4, 3);
        var expected = 0.0;
        for (var i = 0; i < 2; i++)
        {
            var (p, q) = (Softmax(rows[i]), Softmax(rows[i + 2]));
            expected += (Kl(p, q) + Kl(q, p)) / 2 / 2;
        }
        var found = LossTerms.Disagreement(logits).item<float>();
        Assert.Equal(expected, found, 1e-5);
        // Mutant: one direction alone.
        Assert.True(Math.Abs(found - (Kl(Softmax(rows[0]), Softmax(rows[2])) / 2)) > 1e-3);
    }

    [Fact]
    public void The_gradient_pulls_both_forms_together_and_stays_finite_far_apart()
    {
        using var scope = torch.scope();
        var logits = torch.tensor<float>([200, -200, -200, 200], 2, 2);
        logits.requires_grad_(true);
        var loss = LossTerms.Disagreement(logits);
        loss.backward();
        Assert.Equal(400, loss.item<float>(), 1e-2);
        Assert.All(logits.grad!.to_array(), g => Assert.True(float.IsFinite(g)));
        var near = torch.tensor<float>([1, 0, 0, 1], 2, 2);
        near.requires_grad_(true);
        LossTerms.Disagreement(near).backward();
        var gradient = near.grad!.to_array();
        Assert.True(gradient[0] > 0 && gradient[3] > 0 && gradient[1] < 0 && gradient[2] < 0);
    }

    [Fact]
    public void A_teachers_distance_is_the_divergence_of_softened_distributions_times_the_square_of_the_temperature()
    {
        using var scope = torch.scope();
        double[] student = [1, -0.5, 0.2],
            teacher = [0.4, 1.5, -1];
        var found = LossTerms.Distance(Row(student), Row(teacher), 2).item<float>();
        Assert.Equal(4 * Kl(Softmax(teacher, 2), Softmax(student, 2)), found, 1e-5);
        // Mutants: the other direction, and no temperature.
        Assert.True(Math.Abs(found - (4 * Kl(Softmax(student, 2), Softmax(teacher, 2)))) > 1e-3);
        Assert.True(Math.Abs(found - Kl(Softmax(teacher), Softmax(student))) > 1e-3);
        var options = new DistillOptions("t", Weight: 0.25, Temperature: 2);
        var terms = LossTerms.Of(0, new TeacherLogits(Row(teacher), options))!;
        var total = terms(torch.tensor<float>([0.8f], 1).sum(), Row(student)).item<float>();
        Assert.Equal((0.75 * 0.8) + (0.25 * found), total, 1e-5);
        Assert.Null(LossTerms.Of(0, null));

        static Tensor Row(double[] values) => torch.tensor<float>([.. values.Select(v => (float)v)], 1, values.Length);
    }
}
