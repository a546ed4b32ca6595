// The part of an ONNX export's model card about the file: inputs, outputs, verification, usage.
using System.Globalization;
using RobustTickets.Checkpoints;

namespace RobustTickets.Export;

/// <summary>The last part of the card of an ONNX file.</summary>
internal static class OnnxCardText
{
    /// <summary>The part as Markdown, starting with its heading.</summary>
    public static string Of(OnnxExportResult result, OnnxExportOptions options, HuggingFaceConfig config)
    {
        var output = result.Head switch
        {
            OnnxHead.SequenceClassification => $"`logits` [batch_size, {config.NumLabels}]",
            OnnxHead.MaskedLM => $"`logits` [batch_size, sequence_length, {config.VocabSize}]",
            _ => $"`last_hidden_state` [batch_size, sequence_length, {config.HiddenSize}]",
        };
        var runtime =
            options.Fusion == OnnxFusion.OnnxRuntime
                ? "Attention, residuals and activations are operators of ONNX Runtime (`com.microsoft`); no other "
                    + "runtime supports them."
                : "All operators are standard ONNX operators.";
        var numbers =
            options.Precision == OnnxPrecision.Int8
                ? "The layers multiply in 8 bits: weights are quantized per output row to [-64, 64], activations by "
                    + "the range "
                    + "of the whole batch (DynamicQuantizeLinear). So the outputs of a text depend on the other "
                    + "texts and the "
                    + "padding in its batch: run texts one at a time where that matters, as RobustTickets does."
                : "All numbers are float32.";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""

            ## ONNX

            `model.onnx`, opset 17, {result.Bytes / 1048576.0:0.0} MiB. Inputs `input_ids`, `attention_mask` and
            `token_type_ids` [batch_size, sequence_length], int64, at most {config.MaxPositionEmbeddings} pieces;
            output {output}. Heads and neurons that were pruned are not in the file. {runtime} {numbers}

            Checked when it was exported: {result.Texts} generated texts of {result.ShortestText} to
            {result.LongestText} pieces in padded batches, run by ONNX Runtime; the largest difference from an output
            of the source is {result.LargestDifference:0.0e+0}.

            ```python
            import onnxruntime, transformers  # any BERT tokenizer

            tokenizer = transformers.BertTokenizerFast.from_pretrained(".")
            session = onnxruntime.InferenceSession("model.onnx")
            batch = tokenizer(["a thoughtful film"], padding=True, return_tensors="np", return_token_type_ids=True)
            outputs = session.run(None, dict(batch))[0]
            ```

            ```
            robust-tickets predict --model this/folder --input texts.jsonl
            ```

            """
        );
    }
}
