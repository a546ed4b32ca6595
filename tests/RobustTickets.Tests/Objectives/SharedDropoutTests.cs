// sync-dropout in a mask search: the passes of a step share their dropout masks, and each samples
// gates of its own (RobusT's masked layers sample in every forward).
using RobustTickets.Kernels.Masks;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Objectives;

[Collection(TorchCollection.Name)]
public sealed class SharedDropoutTests
{
    private const float Saturated = 20; // gates of exactly 1 for every u in [1e-4, 0.9999]

    public static TheoryData<string> Objectives() => ["freelb", "pgd", "infobert"];

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Every_pass_samples_gates_although_dropout_is_shared(string objective)
    {
        foreach (var execution in new[] { new Execution(), Execution.Reference })
        {
            // δ stays 0: only gates or dropout can change the loss from pass to pass.
            Assert.Equal(3, Losses(objective, sync: true, execution).Distinct().Count());
            Assert.Equal(3, Losses(objective, sync: false, execution).Distinct().Count());
            // Mutant: fresh dropout under sync-dropout.
            Assert.Single(Losses(objective, sync: true, execution, Saturated, dropout: 0.3).Distinct());
            Assert.Equal(3, Losses(objective, sync: false, execution, Saturated, dropout: 0.3).Distinct().Count());
        }
    }

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Gates_do_not_depend_on_sync_dropout(string objective) =>
        Assert.Equal(Losses(objective, sync: false, new Execution()), Losses(objective, sync: true, new Execution()));

    private static double[] Losses(
        string objective,
        bool sync,
        Execution execution,
        float? scores = null,
        double dropout = 0
    )
    {
        ObjectiveOptions options = objective switch
        {
            "freelb" => new FreeLbOptions(3, 0, 0, SyncDropout: sync),
            "pgd" => new PgdOptions(2, 0, 0, SyncDropout: sync),
            _ => new InfoBertOptions(3, 0, 0, Alpha: 0.01, Beta: 0.01, SyncDropout: sync, CriticHidden: 8),
        };
        using var scope = torch.scope();
        var config = TinyBert.Dense(dropout);
        using var model = TinyBert.New(config, execution, seed: 3);
        ObjectiveParameters.Attach(options, model, RandomKey.FromSeed(1));
        var masks = HardConcreteMasks.Attach(model, new HardConcreteOptions(1));
        if (scores is { } same)
        {
            foreach (var site in masks.Sites)
                masks.Scores(site).fill_(same);
        }
        model.Train(_ => true);
        var inputs = model.Prepare(PackedBatch.From(TinyBert.Examples(new Random(3), config, 6, 25)), training: true);
        return
        [
            .. ObjectiveFactory.Create(options, null).Accumulate(model, inputs, RandomKey.FromSeed(4), null).PassLosses,
        ];
    }
}
