// The bench compares before it measures, counts what was computed, and refuses what it cannot do.
// No time is asserted.
using System.Text.Json.Nodes;
using RobustTickets.Cli.Bench;
using RobustTickets.Kernels.Dense;
using RobustTickets.Models;
using RobustTickets.Tests.Checkpoints;
using RobustTickets.Tests.Devices;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public class BenchCommandTests
{
    [Theory]
    [InlineData("clean")]
    [InlineData("freelb")]
    [InlineData("pgd")]
    [InlineData("pgd-lean")]
    [InlineData("search")]
    [InlineData("robust")]
    [InlineData("pruned")]
    [InlineData("evaluate")]
    [InlineData("attack")]
    public void Every_step_is_compared_and_measured(string step)
    {
        var run = CliRun.Of([
            "bench",
            "--step",
            step,
            "--shape",
            "bert-tiny",
            "--batch",
            "3",
            .. Passes(step),
            "--repeats",
            "1",
            "--max-length",
            "9",
            "--threads",
            "1",
            "--json",
        ]);
        Assert.True(run.Code == 0, run.Error);
        var found = JsonNode.Parse(run.Out)!;
        Assert.InRange((double)found["logits_difference"]!, 1e-12, 2e-3);
        Assert.InRange((double)found["gradient_difference"]!, step is "evaluate" or "attack" ? 0 : 1e-12, 2e-3);
        foreach (
            var name in new[]
            {
                "ms_median",
                "gflop_per_step",
                "tokens_per_second",
                "gflops_best",
                "gemm_gflops_best",
                "peak_bytes",
            }
        )
            Assert.True((double)found[name]! > 0, name);
        Assert.True((double)found["ms_by_part"]!["gemm"]! > 0);
        // The texts of an attack's small batch are variants of one length.
        Assert.InRange((double)found["padding_share"]!, step == "attack" ? 0 : 0.01, 0.9);
    }

    [Theory]
    [InlineData("clean")]
    [InlineData("evaluate")]
    public void The_same_texts_are_measured_after_any_number_of_warm_ups(string step)
    {
        double Work(int warmUps)
        {
            var run = CliRun.Of(
                "bench",
                "--step",
                step,
                "--shape",
                "bert-tiny",
                "--lengths",
                "sst2",
                "--max-length",
                "40",
                "--batch",
                "3",
                "--repeats",
                "2",
                "--warm-ups",
                $"{warmUps}",
                "--threads",
                "1",
                "--json"
            );
            Assert.True(run.Code == 0, run.Error);
            var found = JsonNode.Parse(run.Out)!;
            Assert.Equal(warmUps, (int)found["warm_ups"]!);
            return (double)found["gflop_per_step"]!;
        }
        Assert.Equal(Work(0), Work(3));
    }

    [Fact]
    public void The_tokenizer_is_compared_with_its_plain_path_and_measured()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(
            folder.At("vocab.txt"),
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "##s", "good", "."]
        );
        File.WriteAllLines(folder.At("texts.txt"), ["A good film.", "films films", "", "unseen"]);
        var run = CliRun.Of(
            "bench",
            "tokenizer",
            "--model",
            folder.Path,
            "--text",
            folder.At("texts.txt"),
            "--repeats",
            "2",
            "--json"
        );
        Assert.True(run.Code == 0, run.Error);
        var found = JsonNode.Parse(run.Out)!;
        Assert.Equal((4, 9), ((int)found["texts"]!, (int)found["word_pieces"]!));
        Assert.True((double)found["pieces_per_second_median"]! > 0);
        Assert.True((double)found["pieces_per_second_best"]! >= (double)found["pieces_per_second_median"]!);

        File.WriteAllText(folder.At("texts.txt"), "\n");
        var empty = CliRun.Of("bench", "tokenizer", "--model", folder.Path, "--text", folder.At("texts.txt"));
        Assert.Equal(3, empty.Code);
        Assert.Contains("texts.txt", empty.Error);
    }

    [Theory]
    [InlineData("clean", "")]
    [InlineData("search", "--without cls-only")]
    [InlineData("robust", "")]
    [InlineData("attack", "")]
    [InlineData("pgd-lean", "--padded")]
    [InlineData("freelb", "--baseline")]
    public void Steps_are_measured_on_a_device(string step, string options)
    {
        var run = CliRun.Of([
            "bench",
            "--device",
            TestDevice.Current.ToString(),
            "--step",
            step,
            "--shape",
            "bert-tiny",
            "--batch",
            "2",
            .. Passes(step),
            "--repeats",
            "1",
            "--max-length",
            "6",
            "--threads",
            "1",
            "--json",
            .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        ]);
        Assert.True(run.Code == 0, run.Error);
        var found = JsonNode.Parse(run.Out)!;
        Assert.Contains(TestDevice.Current.ToString(), (string)found["device"]!, StringComparison.Ordinal);
        Assert.InRange((double)found["logits_difference"]!, 0, 2e-3);
        Assert.True((double)found["ms_median"]! > 0 && (double)found["gemm_gflops_best"]! > 0);
    }

    [Theory]
    [InlineData("--device cuda:99", "available: cpu")]
    [InlineData("--device tpu", "tpu")]
    [InlineData("--device cuda:99 --clock cpu --threads 1", "--clock cpu")]
    [InlineData("--device cuda:99 --without onednn", "cls-only")]
    [InlineData("--baseline --step search", "--step search")]
    [InlineData("--baseline --padded", "--padded")]
    [InlineData("--padded --precision bf16", "fp32")]
    [InlineData("--without fused --precision bf16", "fused")]
    [InlineData("--without onednn --padded", "--without")]
    [InlineData("--without everything", "everything")]
    [InlineData("--max-length 600", "600")]
    [InlineData("--warm-ups -1", "--warm-ups")]
    [InlineData("--clock cpu", "--threads 1")]
    [InlineData("--shape bert-huge", "bert-huge")]
    [InlineData("--passes 3", "--passes --step clean")]
    [InlineData("--step evaluate --passes 3", "--passes --step evaluate")]
    [InlineData("--lengths sst2 --fixed-length 128", "--lengths and --fixed-length")]
    public void What_cannot_be_done_is_refused(string options, string named)
    {
        var run = CliRun.Of(["bench", .. options.Split(' ')]);
        Assert.Equal(2, run.Code);
        Assert.Contains(named, run.Error);
    }

    [Fact]
    public void Options_are_switched_off_by_name()
    {
        var run = CliRun.Of(
            "bench",
            "--without",
            "fused",
            "--without",
            "onednn",
            "--shape",
            "bert-tiny",
            "--batch",
            "2",
            "--repeats",
            "1",
            "--warm-ups",
            "0",
            "--max-length",
            "5",
            "--threads",
            "1"
        );
        Gemm.PlainBlas = false;
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("without fused, without onednn", run.Out);
        Assert.Contains("libtorch's BLAS", run.Out);
        Assert.Contains("gemm 0.0 ms", run.Out); // op by op, products are libtorch's own and not on our clock
    }

    [Fact]
    public void A_path_off_the_reference_is_noticed()
    {
        var plan = new BenchPlan(
            "clean",
            "bert-tiny",
            LengthHistogram.Sst2,
            3,
            2,
            1,
            new Execution(),
            Baseline: false,
            CpuTime: false
        );
        var config = plan.Config();
        using var model = new BertForSequenceClassification(BenchPlan.Weights(config), config, plan.Execution);
        Assert.True(BenchCheck.Run(plan, model).Holds);
        // A coefficient that the other side does not see stands for any error in the path.
        using var wrong = new BertForSequenceClassification(
            BenchPlan.Weights(config),
            config with
            {
                LayerNormEpsilon = 0.01,
            },
            plan.Execution
        );
        using var plain = new PlainSubject(plan, wrong.Store, config with { LayerNormEpsilon = 1e-12 }, 1);
        Assert.False(BenchCheck.Of(plan, wrong, plain).Holds);
        using var right = new PlainSubject(plan, model.Store, config, 1);
        Assert.True(BenchCheck.Of(plan, model, right).Holds);
    }

    [Theory]
    [InlineData("sst2", 0.7)]
    [InlineData("ag-news", 0.8)]
    [InlineData("imdb", 0.6)]
    public void A_pruned_step_has_the_sparsity_of_its_data_set_at_any_length(string name, double kept)
    {
        var lengths = LengthHistogram.All.First(h => h.Name == name);
        foreach (var longest in new[] { lengths.Longest, 64 })
            Assert.Equal(
                (int)Math.Round(3072 * kept),
                new BenchPlan(
                    "pruned",
                    "bert-base",
                    lengths with
                    {
                        Longest = longest,
                    },
                    3,
                    2,
                    1,
                    new Execution(),
                    Baseline: false,
                    CpuTime: false
                )
                    .Config()
                    .NeuronsPerLayer[0]
            );
    }

    private static string[] Passes(string step) => BenchPlan.WithPasses.Contains(step) ? ["--passes", "2"] : [];

    [Fact]
    public void Lengths_have_the_means_that_were_counted()
    {
        foreach (
            var (histogram, mean) in new[]
            {
                (LengthHistogram.Sst2, 13.3),
                (LengthHistogram.AgNews, 52.9),
                (LengthHistogram.Imdb with { Longest = 512 }, 263.0),
            }
        )
        {
            var lengths = histogram.Draw(new Random(1), 2000);
            Assert.InRange(lengths.Average(), mean * 0.97, mean * 1.03);
            Assert.InRange(lengths.Min(), 3, 30);
        }
        Assert.Equal(256, LengthHistogram.Imdb.Draw(new Random(1), 500).Max());
        Assert.All(
            new LengthHistogram("all 128", 128, [(127, 0), (128, 1)]).Draw(new Random(1), 9),
            n => Assert.Equal(128, n)
        );
    }

    [Fact]
    public void Work_is_counted_as_computed()
    {
        var config = BertConfig.Dense(
            100,
            hidden: 8,
            layers: 2,
            heads: 2,
            intermediate: 12,
            positions: 16,
            types: 2,
            labels: 2
        );
        var batch = PackedBatch.From([
            new EncodedExample(0, [1, 2, 3], [0, 0, 0], 0),
            new EncodedExample(1, [1, 2, 3, 4, 5], [0, 0, 0, 0, 0], 1),
        ]);
        const double layer = (4 * 8 * 8) + (2 * 8 * 12); // weights of a layer's matrices
        const double attention = 4 * 8 * ((3 * 3) + (5 * 5)); // of a layer: scores and context
        Assert.Equal(2 * ((2 * layer * 8) + attention), FlopCount.Step(config, batch, new PassCounts(1, 0, 0)));
        Assert.Equal(
            3 * 2 * 2 * layer * 8 + (3 * 2 * attention),
            FlopCount.Step(config, batch, new PassCounts(1, 1, 1))
        );
        // Last layer: keys and values of 8 tokens, query, output and both FFN matrices of 2 rows,
        // one query row per text.
        var last = (2 * 2 * 8 * 8 * 8.0) + (2 * ((2 * 8 * 8) + (2 * 8 * 12)) * 2) + (4 * 8 * (3 + 5));
        Assert.Equal(
            (2 * layer * 8) + attention + last,
            FlopCount.Step(config, batch, new PassCounts(1, 0, 0), clsOnlyLastLayer: true)
        );
    }
}
