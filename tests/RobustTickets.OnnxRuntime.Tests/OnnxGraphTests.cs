// Graphs that an export writes, run by ONNX Runtime against the forward pass written plainly.
using RobustTickets.Attacks.Tokens;
using RobustTickets.Export;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

public sealed class OnnxGraphTests
{
    private const double Tolerance = 2e-5;

    public static TheoryData<string, OnnxFusion> Shapes
    {
        get
        {
            var data = new TheoryData<string, OnnxFusion>();
            foreach (var shape in new[] { "4,4/24,24", "3,1/24,7", "0,2/5,24", "2,4/0,9" })
            foreach (var fusion in Enum.GetValues<OnnxFusion>())
                data.Add(shape, fusion);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_classifier_gives_the_logits_of_the_plain_forward_pass_whatever_was_pruned(
        string shape,
        OnnxFusion fusion
    )
    {
        using var tiny = Of(shape);
        using var network = OnnxNetwork.Open(tiny.Write(options: new OnnxExportOptions(Fusion: fusion)));
        var texts = TinyBert.Texts(9);
        var rows = network.Run(texts);
        var worst = Enumerable.Range(0, texts.Length).Max(t => Distance(tiny.Logits(texts[t]), rows[t]));
        Assert.True(worst <= Tolerance, $"largest difference {worst}");
        // Mutant: the padding of the shorter texts is seen.
        TokenEncoding[] filled =
        [
            .. texts.Select(t => new TokenEncoding(
                [.. t.Ids, .. new int[TinyBert.Positions - t.Length]],
                [.. t.Segments, .. new int[TinyBert.Positions - t.Length]]
            )),
        ];
        Assert.True(Distance(tiny.Logits(texts[0]), network.Run(filled)[0]) > 100 * Tolerance);
    }

    [Theory]
    [InlineData(OnnxFusion.None)]
    [InlineData(OnnxFusion.OnnxRuntime)]
    public void An_encoder_gives_hidden_states_and_a_masked_model_scores_for_each_piece(OnnxFusion fusion)
    {
        using var tiny = Of("3,1/24,7");
        var texts = TinyBert.Texts(4, longest: 11);
        var options = new OnnxExportOptions(Fusion: fusion);
        using (var encoder = OnnxNetwork.Open(tiny.Write(OnnxHead.Encoder, options)))
        {
            Assert.Equal(
                ("last_hidden_state", (long?)TinyBert.Hidden, false),
                (encoder.Output, encoder.Width, encoder.IsPooled)
            );
            var rows = encoder.Run(texts);
            for (var t = 0; t < texts.Length; t++)
                Assert.True(Distance([.. tiny.HiddenStates(texts[t]).SelectMany(r => r)], rows[t]) <= Tolerance);
        }
        using var masked = OnnxNetwork.Open(tiny.Write(OnnxHead.MaskedLM, options));
        var scores = masked.Run(texts);
        for (var t = 0; t < texts.Length; t++)
            Assert.True(Distance([.. tiny.Scores(texts[t]).SelectMany(r => r)], scores[t]) <= 5 * Tolerance);
    }

    [Theory]
    [InlineData(OnnxFusion.None)]
    [InlineData(OnnxFusion.OnnxRuntime)]
    public void Eight_bits_stay_close_and_a_text_does_not_depend_on_its_neighbours(OnnxFusion fusion)
    {
        using var tiny = Of("3,2/24,9");
        tiny.WriteConfig("a", "b", "c");
        tiny.Write(options: new OnnxExportOptions(Precision: OnnxPrecision.Int8, Fusion: fusion));
        using var classifier = OnnxClassifier.Load(tiny.Folder);
        Assert.Contains("one at a time", Assert.Single(classifier.Notes));
        string[] sentences = ["good film", "a dull film and a good one", "x", "zzzz good dull good dull film"];
        var together = classifier.Logits([.. sentences.Select(s => new Attacks.TextPair(s))]);
        for (var i = 0; i < sentences.Length; i++)
            Assert.Equal(classifier.Logits([new(sentences[i])])[0], together[i]);
        using var network = OnnxNetwork.Open(tiny.Below(OnnxExport.FileName));
        Assert.True(network.DependsOnBatch);
        foreach (var text in TinyBert.Texts(6))
        {
            var exact = tiny.Logits(text);
            var scale = exact.Max(Math.Abs);
            Assert.True(Distance(exact, network.Run([text])[0]) <= 0.15 * scale);
        }
    }

    [Fact]
    public void A_ticket_is_a_smaller_file_and_its_constants_have_the_names_and_shapes_of_the_checkpoint()
    {
        using var dense = Of("4,4/24,24");
        using var ticket = Of("1,2/3,9");
        var (large, small) = (new FileInfo(dense.Write()).Length, new FileInfo(ticket.Write()).Length);
        Assert.True(small < large, $"{small} bytes of the ticket, {large} of the dense network");
        var text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(ticket.Below(OnnxExport.FileName)));
        foreach (var (name, _) in Models.BertShapes.OfClassifier(ticket.Config))
            Assert.Contains(name, text);
    }

    private static TinyBert Of(string shape)
    {
        var parts = shape.Split('/').Select(p => p.Split(',').Select(int.Parse).ToArray()).ToArray();
        return new TinyBert(parts[0], parts[1]);
    }

    private static double Distance(double[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        Assert.All(found, f => Assert.True(float.IsFinite(f)));
        return expected.Zip(found, (a, b) => Math.Abs(a - b)).Max();
    }
}
