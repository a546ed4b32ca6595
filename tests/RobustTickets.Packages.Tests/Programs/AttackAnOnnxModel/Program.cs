await AttackAnOnnxModel.Run(args[0], [("a good film", "positive"), ("a dull film", "negative")], Console.Out);
